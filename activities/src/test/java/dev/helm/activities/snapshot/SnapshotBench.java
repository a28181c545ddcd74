package dev.helm.activities.snapshot;

import dev.helm.activities.sandbox.Workspaces;
import dev.helm.activities.workspace.TreeUsage;
import dev.helm.activities.workspace.WorkspaceLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * P7: a snapshot of 5,000 files and 200 MB of which none changed, and a rollback of 60 changes,
 * beside a stat walk of the tree and git. {@code SnapshotBench DIRECTORY ROUNDS SAMPLES} prints the
 * median of each round in ms as JSON.
 */
public final class SnapshotBench {
  private static final int FILES = 5_000;
  private static final int FILE_BYTES = 40_000;
  private static final int WARM_UP = 15;
  private static final String RUN = "ab".repeat(16);

  private final Path tree;
  private final Snapshots snapshots;
  private final Random random = new Random(1);
  private final Map<String, Long> times = new HashMap<>();
  private final WorkspaceRestore restore;
  private final String first;

  private SnapshotBench(Path home) throws IOException {
    HomeSandbox sandbox = new HomeSandbox(home);
    tree = sandbox.workspace(RUN);
    fill(tree);
    snapshots = new Snapshots(home, sandbox, WorkspaceLimits.DEFAULT, Clock.systemUTC());
    restore =
        new WorkspaceRestore(snapshots, -1, step -> times.putIfAbsent(step, System.nanoTime()));
    first = snapshots.take(RUN).tree();
  }

  private interface Work {
    void run() throws Exception;
  }

  /** The medians of one round. */
  private static final class Round {
    private final Map<String, List<Double>> all = new LinkedHashMap<>();

    void add(String name, double ms) {
      all.computeIfAbsent(name, n -> new ArrayList<>()).add(ms);
    }

    String json() {
      return all.entrySet().stream()
          .map(
              one -> {
                List<Double> sorted = one.getValue().stream().sorted().toList();
                return String.format(
                    Locale.ROOT, "\"%s\":%.3f", one.getKey(), sorted.get(sorted.size() / 2));
              })
          .collect(Collectors.joining(",", "{", "}"));
    }
  }

  public static void main(String[] args) throws Exception {
    Path home = Files.createTempDirectory(Path.of(args[0]), "p7-");
    try {
      SnapshotBench bench = new SnapshotBench(home);
      List<String> rounds = new ArrayList<>();
      for (int i = 0; i < WARM_UP; i++) {
        bench.sample(new Round());
      }
      for (int i = 0; i < Integer.parseInt(args[1]); i++) {
        Round round = new Round();
        for (int k = 0; k < Integer.parseInt(args[2]); k++) {
          bench.sample(round);
        }
        rounds.add(round.json());
      }
      System.out.println("{\"rounds\":[" + String.join(",", rounds) + "]}");
    } finally {
      Workspaces.discard(home);
    }
  }

  /** Everything once, so that the neighbours' noise meets all alike. */
  private void sample(Round round) throws Exception {
    // A file that was touched less than 0.1 s ago is read again, and nothing was lately.
    TimeUnit.MILLISECONDS.sleep(120);
    snapshots.take(RUN);
    round.add("walk", ms(() -> TreeUsage.measure(tree, WorkspaceLimits.DEFAULT)));
    round.add("nothing", ms(() -> snapshots.take(RUN)));
    change();
    round.add("sixty", ms(() -> snapshots.take(RUN)));
    // As after a tool call: the newest snapshot is what the workspace is.
    round.add("back", ms(this::back));
    parts(round);
    change();
    round.add("backUnkept", ms(this::back));
    git("add", "-A");
    round.add("git", ms(() -> git("add", "-A")));
    Files.move(tree.resolve(".git"), tree.resolveSibling("git"));
  }

  private void back() throws IOException {
    times.clear();
    restore.apply(restore.prepare(RUN, tree, first));
  }

  private void parts(Round round) {
    List<String> steps = List.of("snapshot", "build", "apply", "sync", "discard");
    for (int i = 0; i + 1 < steps.size(); i++) {
      round.add("back-" + steps.get(i), (time(steps.get(i + 1)) - time(steps.get(i))) / 1e6);
    }
  }

  private long time(String step) {
    return Objects.requireNonNull(times.get(step), step);
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
  private void change() throws IOException {
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

  private void git(String... words) throws Exception {
    Path kept = tree.resolveSibling("git");
    if (Files.exists(kept)) {
      Files.move(kept, tree.resolve(".git"));
    }
    if (!Files.exists(tree.resolve(".git"))) {
      run("git", "init", "-q");
    }
    List<String> all = new ArrayList<>(List.of("git"));
    all.addAll(List.of(words));
    run(all.toArray(String[]::new));
  }

  private void run(String... words) throws Exception {
    new ProcessBuilder(words).directory(tree.toFile()).inheritIO().start().waitFor();
  }

  private static double ms(Work work) throws Exception {
    long began = System.nanoTime();
    work.run();
    return (System.nanoTime() - began) / 1e6;
  }
}
