package dev.helm.service.whole;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** Tries files with the rights of another user of this machine. */
final class CanaryUsers {
  private CanaryUsers() {}

  /** The numeric user of a name. */
  static int uid(String name) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("id", "-u", name).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return Integer.parseInt(said.strip());
  }

  /** A process that does nothing, as that user. */
  static Process ordinary(String user) throws IOException, InterruptedException {
    return as(user, "sleep 600", "");
  }

  /** Which of a process's doors that user can open. */
  static Map<String, Boolean> doors(String user, long pid)
      throws IOException, InterruptedException {
    Map<String, Boolean> open = new TreeMap<>();
    for (String door : new String[] {"environ", "maps", "mem", "fd", "auxv"}) {
      open.put(door, opens(user, "/proc/" + pid + "/" + door));
    }
    return open;
  }

  static boolean opens(String user, String path) throws IOException, InterruptedException {
    return as(user, "if [ -d $0 ]; then ls $0; else : < $0; fi", path).waitFor() == 0;
  }

  private static Process as(String user, String script, String argument)
      throws IOException, InterruptedException {
    String id = String.valueOf(uid(user));
    return new ProcessBuilder(
            "setpriv",
            "--reuid",
            id,
            "--regid",
            id,
            "--clear-groups",
            "--no-new-privs",
            "sh",
            "-c",
            "exec 2>&1; " + script,
            argument)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }
}
