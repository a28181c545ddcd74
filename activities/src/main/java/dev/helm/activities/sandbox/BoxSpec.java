package dev.helm.activities.sandbox;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A program that Helm talks to over its stdin and stdout.
 *
 * @param run for whom, 32 hex digits; the box ends with the run's release
 * @param name for people and for {@code callId} of egress events ({@code box/NAME}): 1 to 64 of
 *     {@code A-Za-z0-9_.-}
 * @param place where it runs
 * @param imageId of a container of its own, {@code sha256:…}; null means the default image, or for
 *     one that reads the workspace the run's. In the run's container it must be null: that
 *     container has the image of its claim
 * @param argv program and arguments; a program without a slash is looked for in the PATH
 * @param env variables besides those of every command; travels over the executor's line only, never
 *     into the container's configuration, a label or a log
 * @param cwd absolute working directory in the container
 * @param limits of a container of its own; in the run's container those of the claim hold
 * @param egress hosts that a container of its own may reach while the box lives; empty in the run's
 *     container, whose calls have grants of their own
 * @param files relative path to content, readable and executable at {@link #FILES} in a container
 *     of its own, where nothing inside can change them; at most 256 with 4 MiB together
 */
public record BoxSpec(
    String run,
    String name,
    Place place,
    @Nullable String imageId,
    List<String> argv,
    Map<String, String> env,
    String cwd,
    SandboxLimits limits,
    List<String> egress,
    Map<String, byte[]> files) {
  /** Where a container of its own shows {@link #files}, read-only. */
  public static final String FILES = "/run/helm/files";

  /** 512 MiB, one CPU, 128 processes. */
  public static final SandboxLimits LIMITS = new SandboxLimits(512L << 20, 1000, 128);

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
  private static final Pattern FILE = Pattern.compile("[A-Za-z0-9_.-]{1,100}");
  private static final int FILES_MAX = 256;
  private static final int DEPTH_MAX = 8;
  private static final long FILES_BYTES_MAX = 4L << 20;

  /** Where a box's program runs. */
  public enum Place {
    /** In the run's own container, which is claimed for it if it has none. */
    RUN,
    /** In a container of its own that sees nothing of the workspace. */
    OWN,
    /**
     * In a container of its own that sees the run's workspace read-only. The run claims its own
     * container for it; the box ends when that one goes (after a long wait, or with a rollback).
     */
    OWN_READING
  }

  /** Checks every member. */
  public BoxSpec {
    Ids.run(run);
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("a box's name is 1 to 64 of A-Z a-z 0-9 _ . -");
    }
    if (imageId != null) {
      Ids.image(imageId);
    }
    argv = List.copyOf(argv);
    if (argv.isEmpty() || argv.getFirst().isEmpty()) {
      throw new IllegalArgumentException("box " + name + " has no program");
    }
    env = Collections.unmodifiableMap(new TreeMap<>(env));
    egress = List.copyOf(egress);
    files = Collections.unmodifiableMap(new TreeMap<>(files));
    if (place == Place.RUN && (imageId != null || !egress.isEmpty() || !files.isEmpty())) {
      throw new IllegalArgumentException(
          "box " + name + " is in the run's container: no image, egress or files of its own");
    }
    checkFiles(files);
  }

  private static void checkFiles(Map<String, byte[]> files) {
    long bytes = 0;
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      bytes += file.getValue().length;
      String[] parts = file.getKey().split("/", -1);
      for (String part : parts) {
        if (!FILE.matcher(part).matches() || part.equals(".") || part.equals("..")) {
          throw new IllegalArgumentException(
              "not a file name for a box (relative, A-Z a-z 0-9 _ . -): " + file.getKey());
        }
      }
      if (parts.length > DEPTH_MAX) {
        throw new IllegalArgumentException("more than " + DEPTH_MAX + " levels: " + file.getKey());
      }
    }
    if (files.size() > FILES_MAX || bytes > FILES_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a box takes at most " + FILES_MAX + " files with " + FILES_BYTES_MAX + " bytes");
    }
  }

  /** A program in the run's own container, in the workspace. */
  public static BoxSpec inRun(String run, String name, List<String> argv) {
    return of(run, name, Place.RUN, argv, "/workspace");
  }

  /** A program in a container of its own, in {@code /tmp}. */
  public static BoxSpec own(String run, String name, List<String> argv) {
    return of(run, name, Place.OWN, argv, "/tmp");
  }

  /** A program in a container of its own that may read the workspace, and starts there. */
  public static BoxSpec ownReading(String run, String name, List<String> argv) {
    return of(run, name, Place.OWN_READING, argv, "/workspace");
  }

  private static BoxSpec of(String run, String name, Place place, List<String> argv, String cwd) {
    return new BoxSpec(run, name, place, null, argv, Map.of(), cwd, LIMITS, List.of(), Map.of());
  }

  /** Same with another image. */
  public BoxSpec withImage(@Nullable String id) {
    return new BoxSpec(run, name, place, id, argv, env, cwd, limits, egress, files);
  }

  /** Same with this environment. */
  public BoxSpec withEnv(Map<String, String> variables) {
    return new BoxSpec(run, name, place, imageId, argv, variables, cwd, limits, egress, files);
  }

  /** Same in another directory. */
  public BoxSpec withCwd(String directory) {
    return new BoxSpec(run, name, place, imageId, argv, env, directory, limits, egress, files);
  }

  /** Same with other limits. */
  public BoxSpec withLimits(SandboxLimits other) {
    return new BoxSpec(run, name, place, imageId, argv, env, cwd, other, egress, files);
  }

  /** Same with these hosts. */
  public BoxSpec withEgress(List<String> hosts) {
    return new BoxSpec(run, name, place, imageId, argv, env, cwd, limits, hosts, files);
  }

  /** Same with these files. */
  public BoxSpec withFiles(Map<String, byte[]> content) {
    return new BoxSpec(run, name, place, imageId, argv, env, cwd, limits, egress, content);
  }

  /** Without arguments and environment, which may be secret. */
  @Override
  public String toString() {
    return "BoxSpec[" + name + " of run " + run + ", " + place + ", " + argv.getFirst() + "]";
  }
}
