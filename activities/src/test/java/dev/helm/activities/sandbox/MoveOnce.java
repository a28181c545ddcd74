package dev.helm.activities.sandbox;

import dev.helm.activities.workspace.Disks;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** One move in a process of its own, which a test kills. */
final class MoveOnce {
  private MoveOnce() {}

  /** A disk is a plain directory here: what matters is that it is not the host's. */
  static Workspaces places(Path home) {
    return places(home, WorkspaceLimits.DEFAULT);
  }

  static Workspaces places(Path home, WorkspaceLimits limits) {
    return new Workspaces(
        home,
        Workspaces.defaultOwnerUid(),
        new Disks() {
          @Override
          public void make(String slot) throws IOException {
            Files.createDirectories(home.resolve("boxes").resolve(slot));
          }

          @Override
          public void drop(String slot) throws IOException {
            Trees.delete(home.resolve("boxes").resolve(slot), home);
          }
        },
        limits);
  }

  public static void main(String[] arguments) throws IOException {
    Workspaces places = places(Path.of(arguments[1]));
    if (arguments[0].equals("in")) {
      places.moveIn(arguments[2], arguments[3]);
    } else {
      places.moveHome(arguments[2], arguments[3]);
      places.removeSlot(arguments[3]);
    }
    System.out.println("whole");
  }
}
