package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Other programs, of this user too, look into the process that holds the key. */
class SeclusionTest {
  private static final int OWN = 65_534;
  private static final int OTHER = 65_533;
  private static final List<String> DOORS = List.of("environ", "maps", "mem", "fd", "auxv");

  @TempDir private Path folder;

  /** Which doors of a process a program of this user can open. */
  private static Map<String, Boolean> open(int uid, long pid) throws Exception {
    Map<String, Boolean> open = new TreeMap<>();
    for (String door : DOORS) {
      String place = "/proc/" + pid + "/" + door;
      open.put(door, run(uid, "sh", "-c", "[ -d $0 ] && ls $0 || : < $0", place) == 0);
    }
    return open;
  }

  private static List<String> as(int uid, String... command) {
    String id = String.valueOf(uid);
    List<String> line =
        new ArrayList<>(
            List.of("setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--no-new-privs"));
    line.addAll(List.of(command));
    return line;
  }

  private static int run(int uid, String... command) throws Exception {
    Process process =
        new ProcessBuilder(as(uid, command))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  @Test
  void itsOwnUserCannotLookIntoIt() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "needs root to become others");
    try (Rig rig = new Rig((request, socket, out) -> Sse.send(out))) {
      openTo(rig.folder);
      ProcessBuilder builder = KeyProxyProcess.command(copyOfClasses(), options(rig));
      List<String> line = as(OWN, builder.command().toArray(String[]::new));
      Process process = builder.command(line).start();
      Process ordinary = new ProcessBuilder(as(OWN, "sleep", "600")).start();
      try {
        process.getOutputStream().write(Sse.bytes(Rig.KEY));
        process.getOutputStream().close();
        assertThat(process.inputReader().readLine()).isEqualTo("ready");
        assertThat(open(OWN, process.pid())).doesNotContainValue(true);
        assertThat(open(OTHER, process.pid())).doesNotContainValue(true);
        assertThat(run(OWN, "kill", "-0", "" + process.pid())).isZero();
        // What everyone may read holds no secret.
        assertThat(Files.readString(Path.of("/proc/" + process.pid() + "/cmdline")))
            .doesNotContain(Rig.KEY, FakeLedger.SECRET);
        assertThat(Files.readString(Path.of("/proc/" + process.pid() + "/limits")))
            .containsPattern("Max core file size +0 +0 ");
        assertThat(attach(process.pid())).isNotZero();
        // The positive control: an ordinary process of the same user has no such door shut.
        assertThat(open(OWN, ordinary.pid())).doesNotContainValue(false);
        assertThat(attach(ProcessHandle.current().pid())).isZero();
      } finally {
        process.destroyForcibly();
        ordinary.destroyForcibly();
      }
    }
  }

  private static int attach(long pid) throws Exception {
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    Process process =
        new ProcessBuilder(jcmd, "" + pid, "VM.version")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  @Test
  void aKeyFileThatOthersMayReadIsRefused() throws Exception {
    try (Rig rig = new Rig((request, socket, out) -> Sse.send(out))) {
      Path file = Files.writeString(folder.resolve("model.key"), Rig.KEY);
      for (int mode : new int[] {0644, 0640, 0604, 0666, 0700}) {
        Files.setAttribute(file, "unix:mode", mode);
        assertThat(firstLine(rig, file)).as(Integer.toOctalString(mode)).isNull();
      }
      Files.setAttribute(file, "unix:mode", 0600);
      assertThat(firstLine(rig, file)).isEqualTo("ready");
      if (System.getProperty("user.name").equals("root")) {
        Files.setAttribute(file, "unix:uid", OTHER);
        assertThat(firstLine(rig, file)).isNull();
      }
    }
  }

  private static @org.jspecify.annotations.Nullable String firstLine(Rig rig, Path keyFile)
      throws IOException {
    Process process =
        KeyProxyProcess.command(KeyProxyProcess.mainClassPath(), options(rig))
            .redirectInput(keyFile.toFile())
            .start();
    try {
      return process.inputReader().readLine();
    } finally {
      process.destroyForcibly();
    }
  }

  private static String[] options(Rig rig) {
    return new String[] {
      "--upstream",
      "http://127.0.0.1:" + rig.upstream.port(),
      "--listen",
      "tcp:127.0.0.1:0",
      "--ledger",
      rig.folder.resolve("l.sock").toString(),
      "--secret-file",
      rig.folder.resolve("secret").toString()
    };
  }

  /** The classes stand where another user may not go. */
  private String copyOfClasses() throws IOException {
    List<String> places = new ArrayList<>();
    for (String from : KeyProxyProcess.mainClassPath().split(File.pathSeparator)) {
      Path source = Path.of(from);
      Path target = folder.resolve("copy" + places.size());
      try (Stream<Path> all = Files.walk(source)) {
        for (Path each : all.toList()) {
          Files.copy(each, target.resolve(source.relativize(each).toString()));
        }
      }
      Path named = Files.isDirectory(target) ? target : folder.resolve("a.jar");
      places.add(Files.move(target, named).toString());
    }
    openTo(folder);
    return String.join(File.pathSeparator, places);
  }

  private static void openTo(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.toList()) {
        Files.setAttribute(each, "unix:mode", 0777);
      }
    }
  }
}
