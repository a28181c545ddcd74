package dev.helm.cli.launch.disk;

import static dev.helm.cli.launch.disk.RootHome.SLOT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real images, loop devices and mounts; the attacks run as an unprivileged user. */
@Timeout(120)
final class DisksTest {
  private RootHome home;
  private Disks disks;

  @BeforeEach
  void open() throws Exception {
    home = RootHome.make();
    disks = home.disks();
    assertThat(disks.open()).isEmpty();
  }

  @AfterEach
  void close() throws Exception {
    if (home != null) {
      home.close();
    }
  }

  @Test
  void aDiskIsMadeOnceAndRemovedWhole() throws Exception {
    disks.make(SLOT);
    disks.make(SLOT);
    assertThat(home.attached()).isOne();
    assertThat(disks.list()).containsExactly(SLOT);
    assertThat(home.box(SLOT)).isEmptyDirectory();
    assertThat(home.asService("ls boxes")).isEqualTo(SLOT + "\nexit 0\n");
    assertThat(home.asService("touch boxes/%s/x".formatted(SLOT))).isEqualTo("exit 0\n");
    disks.drop(SLOT);
    disks.drop(SLOT);
    assertThat(home.attached()).isZero();
    assertThat(home.box(SLOT)).doesNotExist();
    assertThat(home.root.resolve("disks")).isEmptyDirectory();
  }

  @Test
  void setuidProgramsAndDevicesMeanNothingThere() throws Exception {
    disks.make(SLOT);
    assertThat(RootHome.root("findmnt", "-n", "-o", "OPTIONS", home.box(SLOT).toString()))
        .contains("nosuid", "nodev", "noatime");
    RootHome.root("cp", "/usr/bin/id", home.box(SLOT) + "/id");
    RootHome.root("chmod", "4755", home.box(SLOT) + "/id");
    RootHome.root("mknod", "-m", "666", home.box(SLOT) + "/zero", "c", "1", "5");
    // Without --no-new-privs, which would hide what nosuid does.
    List<String> plain = List.of("setpriv", "--reuid", "1", "--regid", "1", "--clear-groups");
    assertThat(run(plain, home.box(SLOT) + "/id", "-u")).isEqualTo("1\n");
    assertThat(home.asService("head -c1 boxes/%s/zero".formatted(SLOT)))
        .contains("Permission denied");
    // The same two files where the mount lacks the options: root, and a device that answers.
    Path bare = Files.createDirectory(home.root.resolve("bare"));
    RootHome.root("mount", "-t", "tmpfs", "-o", "suid,dev,mode=755", "none", bare.toString());
    RootHome.root("cp", "-a", home.box(SLOT) + "/id", home.box(SLOT) + "/zero", bare + "/");
    RootHome.root("chown", "0:0", bare + "/id");
    RootHome.root("chmod", "4755", bare + "/id");
    assertThat(run(plain, bare + "/id", "-u")).isEqualTo("0\n");
    assertThat(run(plain, "/bin/bash", "-c", "head -c1 " + bare + "/zero | wc -c"))
        .isEqualTo("1\n");
  }

  private static String run(List<String> head, String... argv) throws Exception {
    List<String> line = new java.util.ArrayList<>(head);
    line.addAll(List.of(argv));
    return RootHome.root(line.toArray(String[]::new));
  }

  @Test
  void theKernelBoundsBytesAndFiles() throws Exception {
    disks.make(SLOT);
    disks.make("00000001");
    String fill = "head -c 300M /dev/zero > boxes/%s/big; stat -c %%s boxes/%s/big";
    String said = home.asService(fill.formatted(SLOT, SLOT));
    assertThat(said).contains("No space left on device");
    assertThat(Files.size(home.box(SLOT).resolve("big"))).isBetween(40L << 20, 64L << 20);
    // Names beyond the number of inodes; once the big file is gone there is room for bytes again.
    String many =
        "cd boxes/%s && rm big && for i in $(seq 3000); do : > f$i || break; done; ls | wc -l";
    assertThat(home.asService(many.formatted(SLOT)))
        .contains("No space left on device")
        .containsPattern("\n(19\\d\\d|20\\d\\d)\n");
    assertThat(home.asService("head -c 30M /dev/zero > boxes/00000001/neighbour"))
        .isEqualTo("exit 0\n");
    // Sparse: what was deleted is the host's again.
    RootHome.root("sync", "-f", home.box(SLOT).toString());
    RootHome.root("fstrim", home.box(SLOT).toString());
    assertThat(allocated(home.image(SLOT))).isLessThan(20L << 20);
    // The same fill in a plain directory is not bounded at all.
    Path plain = Files.createDirectory(home.root.resolve("plain"));
    Files.setAttribute(plain, "unix:uid", RootHome.SERVICE_ID);
    assertThat(home.asService("head -c 300M /dev/zero > plain/big")).isEqualTo("exit 0\n");
    assertThat(Files.size(plain.resolve("big"))).isEqualTo(300L << 20);
  }

  private static long allocated(Path file) throws Exception {
    return Long.parseLong(RootHome.root("stat", "-c", "%b", file.toString()).strip()) * 512;
  }

  @Test
  void theServicesUserReachesNoRawBytesAndMovesNoMountPoint() throws Exception {
    disks.make(SLOT);
    for (String attack :
        List.of(
            "cat disks/%s.img",
            "ls disks",
            "echo x >> disks/%s.img",
            "mv disks elsewhere",
            "mv boxes elsewhere",
            "rmdir boxes/%s",
            "mv boxes/%s boxes/other",
            "ln -s /etc boxes/89abcdef",
            "mkdir boxes/89abcdef",
            "ln -sfn /etc boxes",
            "losetup -d /dev/loop0",
            "umount boxes/%s")) {
      assertThat(home.asService(attack.replace("%s", SLOT))).as(attack).doesNotEndWith("exit 0\n");
    }
    assertThat(home.box(SLOT)).isEmptyDirectory();
    // In a folder of its own, where a box lay before, it does all of this.
    Path own = Files.createDirectory(home.root.resolve("slots"));
    Files.setAttribute(own, "unix:uid", RootHome.SERVICE_ID);
    assertThat(home.asService("mkdir slots/box && rmdir slots/box && ln -s /etc slots/box"))
        .isEqualTo("exit 0\n");
    assertThat(own.resolve("box").toRealPath()).isEqualTo(Path.of("/etc"));
  }

  @Test
  void aFolderThatTheServiceMadeFirstIsNotWorkedIn() throws Exception {
    for (String name : List.of("disks", "boxes")) {
      try (RootHome other = RootHome.make()) {
        Path outside = Files.createDirectory(other.root.resolve("outside"));
        Files.createSymbolicLink(other.root.resolve(name), outside);
        assertThatThrownBy(() -> other.disks().open()).isInstanceOf(DiskRefused.class);
        Files.delete(other.root.resolve(name));
        Files.createDirectory(other.root.resolve(name));
        Files.setAttribute(other.root.resolve(name), "unix:uid", RootHome.SERVICE_ID);
        assertThatThrownBy(() -> other.disks().open())
            .isInstanceOf(DiskRefused.class)
            .hasMessageContaining("belongs to root");
        assertThat(outside).isEmptyDirectory();
      }
    }
  }

  @Test
  void onlySlotsAreSlots() {
    for (String slot :
        List.of(
            "",
            "..",
            "../../etc",
            "0123abc",
            "0123ABCD",
            "0123abcd/",
            "0123abcd\n",
            "-oloop",
            "0123abcd.img",
            "０123abcd")) {
      assertThatThrownBy(() -> disks.make(slot)).isInstanceOf(DiskRefused.class);
      assertThatThrownBy(() -> disks.drop(slot)).isInstanceOf(DiskRefused.class);
    }
  }

  @Test
  void anImageIsNeverAttachedTwice() throws Exception {
    disks.make(SLOT);
    RootHome.root("umount", home.box(SLOT).toString());
    String device = RootHome.root("losetup", "-f", "--show", home.image(SLOT) + "").strip();
    disks.make(SLOT);
    assertThat(home.attached()).isOne();
    RootHome.root("umount", home.box(SLOT).toString());
    // Mounted elsewhere: it cannot be taken away, so it is refused.
    Path elsewhere = Files.createDirectory(home.root.resolve("elsewhere"));
    device = RootHome.root("losetup", "-f", "--show", home.image(SLOT) + "").strip();
    RootHome.root("mount", device, elsewhere.toString());
    assertThatThrownBy(() -> disks.make(SLOT)).hasMessageContaining("still attached");
    RootHome.root("umount", elsewhere.toString());
    disks.make(SLOT);
    assertThat(home.attached()).isOne();
  }

  @Test
  void aNewLauncherTakesOverMountedAndUnmountedDisks() throws Exception {
    disks.make(SLOT);
    disks.make("00000001");
    home.asService("echo kept > boxes/%s/file; echo kept > boxes/00000001/file".formatted(SLOT));
    RootHome.root("umount", home.box("00000001").toString());
    Files.writeString(home.root.resolve("disks/.making-00000002"), "half");
    RootHome.root("mkdir", home.box("00000003").toString());

    Disks next = home.disks();
    assertThat(next.open()).isEmpty();
    assertThat(next.list()).containsExactly("00000001", SLOT);
    assertThat(home.box(SLOT).resolve("file")).hasContent("kept\n");
    assertThat(home.box("00000001").resolve("file")).hasContent("kept\n");
    assertThat(home.attached()).isEqualTo(2);
    assertThat(home.root.resolve("disks/.making-00000002")).doesNotExist();
    assertThat(home.box("00000003")).doesNotExist();
  }

  @Test
  void theEndUnmountsAllAndKeepsWhatHoldsFiles() throws Exception {
    disks.make(SLOT);
    disks.make("00000001");
    home.asService("echo kept > boxes/%s/file".formatted(SLOT));
    assertThat(DiskPart.clear(home.root)).isEmpty();
    assertThat(home.attached()).isZero();
    assertThat(disks.list()).containsExactly(SLOT);
    assertThat(disks.open()).isEmpty();
    assertThat(home.box(SLOT).resolve("file")).hasContent("kept\n");
  }

  @Test
  void aDiskInUseStaysUntilItIsNot() throws Exception {
    disks.make(SLOT);
    home.asService("echo x > boxes/%s/file".formatted(SLOT));
    try (InputStream held = Files.newInputStream(home.box(SLOT).resolve("file"))) {
      assertThatThrownBy(() -> disks.drop(SLOT)).hasMessageContaining("in use");
      assertThat(held.read()).isEqualTo('x');
    }
    disks.drop(SLOT);
    assertThat(home.attached()).isZero();
  }

  @Test
  void aFullHostAndTooManyDisksAreRefused() throws Exception {
    Disks careful = new Disks(home.root, new DiskSize(64, 2_000), 1, 1, Long.MAX_VALUE);
    assertThatThrownBy(() -> careful.make(SLOT)).hasMessageContaining("are free on the disk");
    for (int i = 0; i < Disks.MAX; i++) {
      Files.createFile(home.image("%08x".formatted(i + 16)));
    }
    assertThatThrownBy(() -> disks.make(SLOT)).hasMessageContaining("80 disks already");
  }

  @Test
  void theOperatorSaysHowLargeAndNobodyElse() throws Exception {
    Path config = home.root.resolve("config.yml");
    assertThat(DiskSize.read(home.root)).isEqualTo(DiskSize.DEFAULT);
    Files.writeString(config, "sandbox: {diskMb: 128, diskFiles: 5000}\negress: {}\n");
    assertThat(DiskSize.read(home.root)).isEqualTo(new DiskSize(128, 5000));
    for (String bad :
        List.of(
            "diskMb: 63",
            "diskMb: many",
            "diskFiles: 10",
            "diskMb: 4000000",
            "{diskMb: 64, diskFiles: 1000000}")) {
      Files.writeString(config, "sandbox:\n  " + bad + "\n");
      assertThatThrownBy(() -> DiskSize.read(home.root))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("sandbox.disk");
    }
    Files.setAttribute(config, "unix:uid", RootHome.SERVICE_ID);
    assertThatThrownBy(() -> DiskSize.read(home.root)).hasMessageContaining("belongs to root");
  }
}
