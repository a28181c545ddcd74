package dev.helm.activities.snapshot;

import dev.helm.activities.sandbox.Workspaces;
import dev.helm.activities.workspace.TreeUsage;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * P7: a snapshot of 5,000 files and 200 MB of which none changed, and a rollback of 60 changes,
 * beside a stat walk of the tree and git. Prints medians of {@value #ROUNDS} in ms.
 */
public final class SnapshotBench {
  private static final int ROUNDS = 15;
  private static final int FILES = 5_000;
  private static final int FILE_BYTES = 40_000;
  private static final String RUN = "ab".repeat(16);

  private SnapshotBench() {}

  private interface Work {
    void run() throws Exception;
  }

  /** The directory to work in is the one argument. */
  public static void main(String[] args) throws Exception {
    Path home = Files.createTempDirectory(Path.of(args.length > 0 ? args[0] : "/tmp"), "p7-");
    HomeSandbox sandbox = new HomeSandbox(home);
    Path tree = sandbox.workspace(RUN);
    fill(tree);
    Snapshots snapshots = new Snapshots(home, sandbox, WorkspaceLimits.DEFAULT, Clock.systemUTC());
    WorkspaceRestore restore = new WorkspaceRestore(snapshots, -1, step -> {});
    long began = System.nanoTime();
    String first = snapshots.take(RUN).tree();
    System.out.printf(Locale.ROOT, "first snapshot %.0f ms%n", ms(began));
    double walk = median(() -> TreeUsage.measure(tree, WorkspaceLimits.DEFAULT), () -> {});
    double nio = median(() -> nioWalk(tree), () -> {});
    double none = median(() -> snapshots.take(RUN), () -> {});
    Random random = new Random(1);
    double sixty = median(() -> snapshots.take(RUN), () -> change(tree, random));
    double back =
        median(
            () -> {
              restore.apply(restore.prepare(RUN, tree, first));
            },
            () -> {
              snapshots.take(RUN);
              change(tree, random);
            });
    git(tree, "init", "-q");
    git(tree, "add", "-A");
    double gitNone = median(() -> git(tree, "add", "-A"), () -> {});
    System.out.printf(
        Locale.ROOT,
        "stat walk %.1f · nio walk %.1f · no change %.1f (%.2fx) · 60 changes %.1f (%.2fx)"
            + " · rollback of 60 %.1f (%.2fx) · git add, no change %.1f%n",
        walk,
        nio,
        none,
        none / walk,
        sixty,
        sixty / walk,
        back,
        back / walk,
        gitNone);
    Workspaces.discard(home);
  }

  private static void fill(Path tree) throws IOException {
    Random random = new Random(0);
    byte[] bytes = new byte[FILE_BYTES];
    for (int i = 0; i < FILES; i++) {
      Path directory = Files.createDirectories(tree.resolve("d" + i / 50));
      random.nextBytes(bytes);
      Files.write(directory.resolve("f" + i), bytes);
    }
  }

  /** 40 edits, 10 deletes, 10 new files. */
  private static void change(Path tree, Random random) throws IOException {
    for (int i = 0; i < 60; i++) {
      int n = random.nextInt(FILES);
      Path file = tree.resolve("d" + n / 50).resolve(i < 50 ? "f" + n : "new" + n);
      if (i < 40 || i >= 50) {
        Files.writeString(file, "changed " + random.nextInt());
      } else {
        Files.deleteIfExists(file);
      }
    }
  }

  private static void nioWalk(Path tree) throws IOException {
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void git(Path tree, String... words) throws Exception {
    String[] all = new String[words.length + 1];
    all[0] = "git";
    System.arraycopy(words, 0, all, 1, words.length);
    new ProcessBuilder(all).directory(tree.toFile()).inheritIO().start().waitFor();
  }

  private static double median(Work work, Work before) throws Exception {
    double[] took = new double[ROUNDS];
    for (int i = -3; i < ROUNDS; i++) {
      before.run();
      long began = System.nanoTime();
      work.run();
      if (i >= 0) {
        took[i] = ms(began);
      }
    }
    Arrays.sort(took);
    return took[ROUNDS / 2];
  }

  private static double ms(long began) {
    return (System.nanoTime() - began) / 1e6;
  }
}
