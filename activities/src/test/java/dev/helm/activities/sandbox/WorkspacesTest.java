package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.workspace.Disks;
import dev.helm.activities.workspace.WorkspaceFiles;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WorkspacesTest {
  private static final String RUN = "a".repeat(32);
  private static final String SLOT = "0123abcd";

  @TempDir private Path home;
  private Workspaces workspaces;

  @BeforeEach
  void open() throws IOException {
    workspaces = new Workspaces(home, Workspaces.defaultOwnerUid());
    workspaces.makeSlot(SLOT, new byte[] {1});
    Files.writeString(workspaces.create(RUN).resolve("file"), "kept");
  }

  @Test
  void aWorkspaceMovesInAndHome() throws Exception {
    workspaces.moveIn(RUN, SLOT);
    assertThat(workspaces.home(RUN)).doesNotExist();
    assertThat(workspaces.inSlot(SLOT).resolve("file")).hasContent("kept");
    assertThat(Files.getAttribute(workspaces.inSlot(SLOT).resolve("file"), "unix:uid"))
        .isEqualTo(Workspaces.defaultOwnerUid());
    workspaces.moveIn(RUN, SLOT);
    workspaces.moveHome(RUN, SLOT);
    workspaces.moveHome(RUN, SLOT);
    assertThat(workspaces.home(RUN).resolve("file")).hasContent("kept");
    workspaces.removeSlot(SLOT);
    assertThat(workspaces.slotDirectories()).isEmpty();
    assertThat(home.resolve("workspaces").toFile().list()).containsExactly(RUN);
  }

  @Test
  void aWorkspaceLockedFromInsideStillMovesHome() throws Exception {
    workspaces.moveIn(RUN, SLOT);
    Files.setPosixFilePermissions(
        workspaces.inSlot(SLOT), PosixFilePermissions.fromString("---------"));
    workspaces.moveHome(RUN, SLOT);
    assertThat(workspaces.home(RUN).resolve("file")).hasContent("kept");
  }

  /** As a kill may leave it; the kernel moves no directory that its owner may not write to. */
  @Test
  void aWorkspaceLockedAtHomeStillMovesIn() throws Exception {
    Files.setPosixFilePermissions(
        workspaces.home(RUN), PosixFilePermissions.fromString("r-x------"));
    workspaces.moveIn(RUN, SLOT);
    assertThat(Files.getPosixFilePermissions(workspaces.inSlot(SLOT)))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void aWorkspaceOnItsWayIsReadWhereItIs() throws Exception {
    Path slot = Files.createDirectory(workspaces.inSlot(SLOT));
    WorkspaceFiles home = WorkspaceFiles.at(workspaces.home(RUN));
    // Half a copy is in the slot, home is whole.
    assertThat(workspaces.files(RUN, null, SLOT).samePlace(home)).isTrue();
    Files.move(workspaces.home(RUN), slot.resolveSibling("gone"));
    assertThat(workspaces.files(RUN, null, SLOT).samePlace(WorkspaceFiles.at(slot))).isTrue();
    assertThat(workspaces.files(RUN, SLOT, SLOT).samePlace(WorkspaceFiles.at(slot))).isTrue();
    Files.delete(slot);
    assertThat(workspaces.files(RUN, SLOT, null).samePlace(home)).isTrue();
  }

  @Test
  void aWorkspaceReplacedByALinkIsNotFollowed() throws Exception {
    workspaces.moveIn(RUN, SLOT);
    Path outside = Files.createDirectory(home.resolve("outside"));
    Files.move(workspaces.inSlot(SLOT), workspaces.box(SLOT).resolve("away"));
    Files.createSymbolicLink(workspaces.inSlot(SLOT), outside);
    workspaces.moveHome(RUN, SLOT);
    assertThat(workspaces.home(RUN).resolve("away/file")).hasContent("kept");
    assertThat(Files.isDirectory(workspaces.home(RUN), LinkOption.NOFOLLOW_LINKS)).isTrue();
    assertThat(outside).isEmptyDirectory();
  }

  @Test
  void nothingMovesIntoASlotThatHoldsSomethingElse() throws Exception {
    workspaces.moveIn(RUN, SLOT);
    Files.move(workspaces.inSlot(SLOT), workspaces.box(SLOT).resolve("away"));
    assertThatThrownBy(() -> workspaces.moveIn(RUN, SLOT)).isInstanceOf(IOException.class);
    assertThat(workspaces.home(RUN)).doesNotExist();
    Files.createFile(workspaces.inSlot(SLOT));
    assertThatThrownBy(() -> workspaces.moveIn(RUN, SLOT)).isInstanceOf(IOException.class);
    workspaces.moveHome(RUN, SLOT);
    assertThat(workspaces.home(RUN).resolve("away/file")).hasContent("kept");
  }

  @Test
  void whatLiesBesideAWorkspaceIsKept() throws Exception {
    workspaces.moveIn(RUN, SLOT);
    Files.writeString(workspaces.box(SLOT).resolve("beside"), "too");
    workspaces.moveHome(RUN, SLOT);
    workspaces.moveHome(RUN, SLOT);
    workspaces.removeSlot(SLOT);
    assertThat(workspaces.home(RUN).resolve("file")).hasContent("kept");
    assertThat(home.resolve("workspaces/found-" + SLOT + "/beside")).hasContent("too");
  }

  @Test
  void aMoveHomeThatACrashCutShortIsFinished() throws Exception {
    workspaces.moveIn(RUN, SLOT);
    Files.writeString(workspaces.box(SLOT).resolve("beside"), "too");
    Files.move(workspaces.inSlot(SLOT), workspaces.home(RUN));
    workspaces.moveHome(RUN, SLOT);
    assertThat(workspaces.home(RUN).resolve("file")).hasContent("kept");
    assertThat(home.resolve("workspaces/found-" + SLOT + "/beside")).hasContent("too");
  }

  /** Root passes through any mode: only as an ordinary user does this tell. */
  @Test
  void aBoxLockedFromInsideHidesNothing() throws Exception {
    workspaces.moveIn(RUN, SLOT);
    Files.setPosixFilePermissions(
        workspaces.box(SLOT), PosixFilePermissions.fromString("---------"));
    workspaces.moveIn(RUN, SLOT);
    Files.setPosixFilePermissions(
        workspaces.box(SLOT), PosixFilePermissions.fromString("---------"));
    workspaces.moveHome(RUN, SLOT);
    assertThat(workspaces.home(RUN).resolve("file")).hasContent("kept");
  }

  @Test
  void twoWorkspacesOfOneRunAreNeverMerged() throws Exception {
    workspaces.moveIn(RUN, SLOT);
    Files.writeString(workspaces.create(RUN).resolve("other"), "x");
    assertThatThrownBy(() -> workspaces.moveHome(RUN, SLOT))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("two workspaces");
    assertThat(workspaces.inSlot(SLOT).resolve("file")).hasContent("kept");
  }

  @Test
  void treesOfAnyDepthAreDeletedAndLinksAreNotFollowed() throws Exception {
    Path outside = Files.createDirectory(home.resolve("outside"));
    Files.writeString(outside.resolve("precious"), "x");
    Process deep =
        new ProcessBuilder(
                "/bin/bash",
                "-c",
                "for i in $(seq 60); do d=$(printf 'd%.0s' $(seq 200)); mkdir $d; cd $d; done;"
                    + " touch f; ln -s \"$1\" link; mkdir locked; touch locked/g; chmod 0 locked",
                "deep",
                outside.toString())
            .directory(workspaces.box(SLOT).toFile())
            .start();
    assertThat(deep.waitFor()).isZero();
    workspaces.removeSlot(SLOT);
    assertThat(workspaces.slotDirectories()).isEmpty();
    assertThat(outside.resolve("precious")).exists();
    assertThat(home.resolve("workspaces").toFile().list()).containsExactly(RUN);
  }

  /** The launcher answers too late, and its disk appears after that. */
  @Test
  void aDiskThatWasAskedForInVainIsDropped() throws Exception {
    List<String> dropped = new ArrayList<>();
    Disks late =
        new Disks() {
          @Override
          public void make(String slot) throws IOException {
            throw new IOException("no answer");
          }

          @Override
          public void drop(String slot) throws IOException {
            dropped.add(slot);
            throw new IOException("no answer either");
          }
        };
    Path other = home.resolve("other");
    Workspaces slow =
        new Workspaces(other, Workspaces.defaultOwnerUid(), late, WorkspaceLimits.DEFAULT);
    assertThatThrownBy(() -> slow.makeSlot(SLOT, new byte[] {1}))
        .isInstanceOf(EngineUnavailable.class);
    slow.removeSlot(SLOT);
    assertThat(dropped).containsExactly(SLOT);
    assertThat(slow.slotDirectories()).isEmpty();
    // One that is there stays recorded until it is gone.
    Files.createDirectories(other.resolve("boxes").resolve(SLOT));
    assertThatThrownBy(() -> slow.removeSlot(SLOT)).hasMessageContaining("no answer either");
  }

  @Test
  void onlyWellFormedIdsReachAPath() {
    assertThatThrownBy(() -> workspaces.home("../../etc"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> workspaces.box("..")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Workspaces(home, 0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theTrustBundleHoldsTheOperatorsCertificates() throws Exception {
    Path pem = home.resolve("own.pem");
    Files.writeString(pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assertThat(
            new String(
                TrustBundle.assemble(List.of(pem)), java.nio.charset.StandardCharsets.US_ASCII))
        .endsWith("AAAA\n-----END CERTIFICATE-----\n");
    Path key = home.resolve("key.pem");
    Files.writeString(key, "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n");
    assertThatThrownBy(() -> TrustBundle.assemble(List.of(key))).isInstanceOf(IOException.class);
  }

  @Test
  void slotsAreRememberedInAFile() {
    Path file = home.resolve("slots.json");
    SlotRecord kept = new SlotRecord(SLOT, RUN, "c", "s", "5".repeat(64));
    new FileSlotStore(file).put(kept);
    assertThat(new FileSlotStore(file).list()).containsExactly(kept);
    assertThat(kept.toString()).doesNotContain(kept.secret());
    new FileSlotStore(file).delete(SLOT);
    assertThat(new FileSlotStore(file).get(SLOT)).isNull();
  }

  @Test
  void withoutAnEngineEverythingIsRefusedInPlainWords() {
    try (NoSandbox none = new NoSandbox(workspaces)) {
      assertThatThrownBy(() -> none.claim(RUN))
          .isInstanceOf(NoEngine.class)
          .hasMessageContaining("never runs tools on the host")
          .hasMessageContaining("helm doctor");
    }
  }
}
