package dev.helm.cli.launch;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a launcher runs, as {@code run/state.json} says it for the next launcher and for {@code helm
 * down}.
 *
 * @param version Helm's version
 * @param phase where the launcher is
 * @param boot the machine's boot that the start times belong to
 * @param launcher the launcher itself
 * @param port first of the loopback ports
 * @param engine the engine's address; empty for none
 * @param ownEngine whether this launcher started the engine
 * @param practice whether the practice model stands in
 * @param children in the order of their start
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record RunState(
    String version,
    Phase phase,
    String boot,
    ProcessId launcher,
    int port,
    String engine,
    boolean ownEngine,
    boolean practice,
    List<ChildState> children) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Where a launcher is. */
  public enum Phase {
    /** Not everything is ready yet. */
    STARTING,
    /** Everything was ready once; what dies is started again. */
    HEALTHY,
    /** Everything is being ended. */
    STOPPING
  }

  /** One child. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record ChildState(String name, ProcessId process, int restarts) {}

  /** Copies the list. */
  public RunState {
    children = List.copyOf(children);
  }

  /** Reads the file; empty when there is none, it is another user's or cannot be understood. */
  // Attack: helm writes the pids of root's processes there, and root ends them as leftovers.
  // Safeguard: only what the launcher's own user or root has written is believed.
  public static Optional<RunState> read(Path file) {
    try {
      Optional<byte[]> content = OwnFile.read(file);
      return content.isEmpty()
          ? Optional.empty()
          : Optional.of(JSON.readValue(content.get(), RunState.class));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Why a file that is there is not believed. */
  static Optional<String> refused(Path file) {
    try {
      OwnFile.read(file);
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("not believed · " + e.getMessage());
    }
  }

  /** Replaces the file as a whole; readable by its owner only. */
  public void write(Path file) throws IOException {
    OwnFile.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this), "rw-------");
  }

  /** The launcher is that very process and lives. */
  public boolean launcherAlive() {
    return ofThisBoot() && launcher.alive();
  }

  /** Start times of another boot say nothing about today's processes. */
  public boolean ofThisBoot() {
    return boot.equals(ProcessId.boot());
  }
}
