package dev.helm.cli.launch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * One process, told from a later one that got the same number.
 *
 * @param pid the process number
 * @param start the kernel's start time: clock ticks since boot on Linux, milliseconds since 1970
 *     elsewhere; compared only for equality
 */
public record ProcessId(long pid, long start) {
  private static final int FIELD_STATE = 0;
  private static final int FIELD_START = 19;

  /** The process that has this number now; empty when there is none or it is a zombie. */
  public static Optional<ProcessId> of(long pid) {
    Path stat = Path.of("/proc", Long.toString(pid), "stat");
    if (!Files.exists(Path.of("/proc/self/stat"))) {
      return ProcessHandle.of(pid)
          .flatMap(handle -> handle.info().startInstant())
          .map(instant -> new ProcessId(pid, instant.toEpochMilli()));
    }
    try {
      String text = Files.readString(stat);
      // The name stands in parentheses and may itself hold blanks and parentheses.
      String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ");
      return fields[FIELD_STATE].equals("Z")
          ? Optional.empty()
          : Optional.of(new ProcessId(pid, Long.parseLong(fields[FIELD_START])));
    } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** Names this very process. */
  public static ProcessId self() {
    long pid = ProcessHandle.current().pid();
    return of(pid).orElseGet(() -> new ProcessId(pid, 0));
  }

  /** Names the machine's boot, since start times are counted from it; empty where unknown. */
  public static String boot() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** True while this very process lives; false for another one with its number. */
  public boolean alive() {
    return of(pid).filter(this::equals).isPresent();
  }

  /**
   * Sends SIGTERM, or SIGKILL when {@code hard}; nothing happens when the process is gone or its
   * number was given away.
   */
  public void end(boolean hard) {
    ProcessHandle handle = ProcessHandle.of(pid).orElse(null);
    // The handle remembers the start time that it saw, so that what is checked is what is
    // signalled.
    if (handle == null || !alive()) {
      return;
    }
    if (foreign()) {
      endAsRoot(hard);
    } else if (hard) {
      handle.destroyForcibly();
    } else {
      handle.destroy();
    }
  }

  /** Runs as another user than this one, which only root may signal. */
  private boolean foreign() {
    int own = Account.ownUid();
    return own != 0 && Account.uidOf(Path.of("/proc", Long.toString(pid))).orElse(own) != own;
  }

  private void endAsRoot(boolean hard) {
    try {
      // sudo passes TERM on to what it runs, here the engine.
      new ProcessBuilder("sudo", "-n", "kill", hard ? "-KILL" : "-TERM", Long.toString(pid))
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      return; // without sudo it is left alone, as any process of another user
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
