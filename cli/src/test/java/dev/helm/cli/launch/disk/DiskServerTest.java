package dev.helm.cli.launch.disk;

import static dev.helm.cli.launch.disk.RootHome.SLOT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The launcher's socket, asked by real processes of several users. */
@Timeout(120)
final class DiskServerTest {
  private static final int NOBODY = 65534;

  private RootHome home;
  private DiskPart part;

  @BeforeEach
  void open() throws Exception {
    home = RootHome.make();
    Files.writeString(home.root.resolve("config.yml"), "sandbox: {diskMb: 64, diskFiles: 2000}\n");
    part =
        DiskPart.start(
            home.root,
            new DiskPart.User(RootHome.SERVICE, RootHome.SERVICE_ID, RootHome.SERVICE_ID));
    assertThat(part.why()).isEmpty();
    assertThat(part.bounded()).isTrue();
  }

  @AfterEach
  void close() throws Exception {
    if (part != null) {
      part.close();
    }
    if (home != null) {
      home.close();
    }
  }

  private String ask(int uid, String line) throws Exception {
    // Its shell passes HELM_HOME only by its group, as in a real home; nobody by the test's leave.
    String python =
        "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect('run/disks.sock');"
            + " s.sendall(sys.argv[1].encode()); s.settimeout(20); print(s.recv(9000).decode(),"
            + " end='')";
    return home.as(uid, "python3 -c \"" + python + "\" '" + line + "'");
  }

  @Test
  void theServiceGetsAndReturnsDisks() throws Exception {
    String make = "{\"op\":\"make\",\"slot\":\"" + SLOT + "\"}\n";
    assertThat(ask(RootHome.SERVICE_ID, make)).startsWith("{\"ok\":true}");
    assertThat(ask(RootHome.SERVICE_ID, make)).startsWith("{\"ok\":true}");
    assertThat(home.attached()).isOne();
    assertThat(ask(RootHome.SERVICE_ID, "{\"op\":\"list\"}\n")).contains("[\"" + SLOT + "\"]");
    assertThat(ask(RootHome.SERVICE_ID, make.replace("make", "drop"))).startsWith("{\"ok\":true}");
    assertThat(home.attached()).isZero();
    assertThat(Files.readString(home.root.resolve("run/disks.json"))).contains("\"images\"");
  }

  @Test
  void nobodyElseIsServed() throws Exception {
    Path socket = home.root.resolve("run/disks.sock");
    assertThat(Files.getAttribute(socket, "unix:uid", LinkOption.NOFOLLOW_LINKS)).isEqualTo(0);
    assertThat((Integer) Files.getAttribute(socket, "unix:mode") & 0777).isEqualTo(0660);
    Files.setAttribute(home.root, "unix:mode", 01777);
    String make = "{\"op\":\"make\",\"slot\":\"" + SLOT + "\"}\n";
    assertThat(ask(NOBODY, make)).contains("Permission");
    // Even where the mode lets it in, the kernel says who it is.
    Files.setAttribute(socket, "unix:mode", 0666);
    assertThat(ask(NOBODY, make)).contains("\"ok\":false").contains("nobody may not ask");
    assertThat(home.attached()).isZero();
  }

  @Test
  void nothingButThreeWordsAndEightDigitsIsTaken() throws Exception {
    for (String bad :
        List.of(
            "{\"op\":\"make\",\"slot\":\"../../etc\"}",
            "{\"op\":\"make\",\"slot\":\"0123abcd -o suid\"}",
            "{\"op\":\"make\",\"slot\":[\"0123abcd\"]}",
            "{\"op\":\"make\",\"slot\":12345678}",
            "{\"op\":\"make\"}",
            "{\"op\":\"exec\",\"slot\":\"0123abcd\"}",
            "{\"op\":\"MAKE\",\"slot\":\"0123abcd\"}",
            "[]",
            "null",
            "\"make\"",
            "{",
            "",
            "[".repeat(190))) {
      String said = ask(RootHome.SERVICE_ID, bad + "\n");
      assertThat(said).as(bad).contains("\"ok\":false");
    }
    assertThat(ask(RootHome.SERVICE_ID, "x".repeat(5000))).doesNotContain("ok");
    assertThat(ask(RootHome.SERVICE_ID, "{\"op\":\"list\"}\n")).contains("\"slots\":[]");
    assertThat(home.attached()).isZero();
  }

  @Test
  void rootServesNobodyWhereItsStateCannotBeWritten() throws Exception {
    part.close();
    Path state = home.root.resolve("run/disks.json");
    Files.delete(state);
    Files.createDirectories(state.resolve("in-the-way"));
    DiskPart.User user =
        new DiskPart.User(RootHome.SERVICE, RootHome.SERVICE_ID, RootHome.SERVICE_ID);
    assertThatThrownBy(() -> DiskPart.start(home.root, user)).isInstanceOf(IOException.class);
    assertThat(home.root.resolve("run/disks.sock")).doesNotExist();
  }

  @Test
  void withoutRootWorkspacesAreWatchedAndEverybodyIsTold() throws Exception {
    part.close();
    try (DiskPart watched = DiskPart.start(home.root, null)) {
      assertThat(watched.bounded()).isFalse();
      assertThat(watched.why()).contains("root");
    }
    assertThat(home.root.resolve("run/disks.sock")).doesNotExist();
    assertThat(
            new com.fasterxml.jackson.databind.ObjectMapper()
                .readValue(home.root.resolve("run/disks.json").toFile(), Map.class))
        .containsEntry("mode", "watched")
        .containsKey("why");
  }
}
