package dev.helm.cli.launch;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
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

  /** Reads the file; empty when there is none or it cannot be understood. */
  public static Optional<RunState> read(Path file) {
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(file), RunState.class));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Replaces the file as a whole; readable by its owner only. */
  public void write(Path file) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    Files.createFile(
        fresh, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.write(fresh, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
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
