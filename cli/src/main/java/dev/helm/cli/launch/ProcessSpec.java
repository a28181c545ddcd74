package dev.helm.cli.launch;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One process to supervise, as data.
 *
 * @param name names its log and its line on the screen
 * @param argv program and arguments
 * @param env its whole environment; nothing is inherited, so that no secret strays in
 * @param input what it reads on standard input
 * @param readiness when it counts as started
 * @param readyMs how long that may take, in milliseconds
 * @param graceMs time between SIGTERM and SIGKILL at the end, in milliseconds
 * @param user whose rights it gets; null keeps the launcher's
 * @param rights what it may become
 * @param pidFiles pid files that a killed former life would leave and the next one would stumble
 *     over
 */
public record ProcessSpec(
    String name,
    List<String> argv,
    Map<String, String> env,
    Input input,
    Readiness readiness,
    long readyMs,
    long graceMs,
    @Nullable RunAs user,
    Rights rights,
    List<Path> pidFiles) {
  private static final Path SETPRIV = Path.of("/usr/bin/setpriv");
  private static final Path SETSID = Path.of("/usr/bin/setsid");

  /** Standard input. */
  public sealed interface Input {
    /** At its end at once. */
    record Nothing() implements Input {}

    /** This file, opened by the launcher with the launcher's rights. */
    record File(Path path) implements Input {}

    /** This text through a pipe. */
    record Text(String text) implements Input {}
  }

  /** What a process may become. */
  public enum Rights {
    /** Never more than it has at its start. */
    CONFINED,
    /** Keeps the launcher's rights whole: the engine. */
    FULL,
    /** Started through sudo by an ordinary user: the engine. */
    SUDO
  }

  /** Copies what it is given. */
  public ProcessSpec {
    if (!name.matches("[a-z][a-z0-9-]{0,31}")) {
      throw new IllegalArgumentException("not a process name: " + name);
    }
    if (argv.isEmpty() || readyMs <= 0 || graceMs <= 0) {
      throw new IllegalArgumentException("a process has a program and positive times: " + name);
    }
    argv = List.copyOf(argv);
    env = Map.copyOf(env);
    pidFiles = List.copyOf(pidFiles);
  }

  /** A confined process without input, user or leftovers; the times are 60 s and 10 s. */
  public static ProcessSpec of(
      String name, List<String> argv, Map<String, String> env, Readiness readiness) {
    return new ProcessSpec(
        name,
        argv,
        env,
        new Input.Nothing(),
        readiness,
        60_000,
        10_000,
        null,
        Rights.CONFINED,
        List.of());
  }

  /** The same with other standard input. */
  public ProcessSpec withInput(Input other) {
    return new ProcessSpec(
        name, argv, env, other, readiness, readyMs, graceMs, user, rights, pidFiles);
  }

  /** The same with other times, in milliseconds. */
  public ProcessSpec withTimes(long ready, long grace) {
    return new ProcessSpec(name, argv, env, input, readiness, ready, grace, user, rights, pidFiles);
  }

  /** The same as another user; null keeps the launcher's. */
  public ProcessSpec withUser(@Nullable RunAs other) {
    return new ProcessSpec(
        name, argv, env, input, readiness, readyMs, graceMs, other, rights, pidFiles);
  }

  /** The same with other rights and with pid files to clear before each start. */
  public ProcessSpec withRights(Rights other, List<Path> files) {
    return new ProcessSpec(name, argv, env, input, readiness, readyMs, graceMs, user, other, files);
  }

  /** The command line that really runs: it drops rights, and dies with the launcher. */
  public List<String> commandLine() {
    if (rights == Rights.SUDO) {
      return concat(List.of("sudo", "-n", "--"), argv);
    }
    if (!hasSetpriv()) {
      if (user != null) {
        throw new IllegalStateException("setpriv is missing, so rights cannot be dropped");
      }
      return argv;
    }
    return concat(setpriv(), argv);
  }

  /** True where util-linux' setpriv is there. */
  public static boolean hasSetpriv() {
    return SETPRIV.toFile().canExecute();
  }

  private List<String> setpriv() {
    List<String> line = new ArrayList<>();
    if (SETSID.toFile().canExecute()) {
      line.add(SETSID.toString()); // else Ctrl-C would reach all of them at once, in no order
    }
    line.addAll(List.of(SETPRIV.toString(), "--pdeathsig", "KILL"));
    if (user != null) {
      line.addAll(List.of("--reuid", "" + user.uid(), "--regid", "" + user.gid()));
      if (user.groups().isEmpty()) {
        line.add("--clear-groups");
      } else {
        line.add("--groups");
        line.add(String.join(",", user.groups().stream().map(String::valueOf).toList()));
      }
    }
    if (rights == Rights.CONFINED) {
      line.add("--no-new-privs");
    }
    line.add("--");
    return line;
  }

  private static List<String> concat(List<String> head, List<String> tail) {
    List<String> all = new ArrayList<>(head);
    all.addAll(tail);
    return all;
  }
}
