package dev.helm.service.search;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.Access;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.Fact;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Search over many events beside a LIKE scan of the log, and the writer with and without the
 * indexer. Arguments: events (200000), looks for each query (21), seconds of appending (5).
 */
public final class SearchBench {
  private static final int RUNS = 200;
  private static final int FACTS_AT_ONCE = 100;
  private static final int VOCABULARY = 30_000;
  private static final int THREADS = 64;

  /** Each figure by its name; printed as one JSON object at the end. */
  private static final Map<String, Object> FOUND = new LinkedHashMap<>();

  private SearchBench() {}

  /** Runs it and prints. */
  public static void main(String[] args) throws Exception {
    int events = args.length > 0 ? Integer.parseInt(args[0]) : 200_000;
    int looks = args.length > 1 ? Integer.parseInt(args[1]) : 21;
    double seconds = args.length > 2 ? Double.parseDouble(args[2]) : 5;
    appends(seconds);
    searches(events, looks);
    System.out.println(new ObjectMapper().writeValueAsString(FOUND));
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }

  // ---- the writer --------------------------------------------------------------------------

  private static void appends(double seconds) throws Exception {
    append(1, true);
    double[] without = new double[3];
    double[] with = new double[3];
    for (int i = 0; i < 3; i++) {
      without[i] = append(seconds, false);
      with[i] = append(seconds, true);
    }
    double ratio = median(with) / median(without);
    FOUND.put("with", with);
    FOUND.put("without", without);
    say(
        "append: %.0f events/s without the indexer, %.0f with it, ratio %.2f",
        median(without), median(with), ratio);
  }

  private static double append(double seconds, boolean indexed) throws Exception {
    Path home = Files.createTempDirectory("search-bench");
    AtomicLong done = new AtomicLong();
    long behind = 0;
    try (Store store = Store.open(home, Clock.systemUTC());
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      @Nullable SearchIndex index = indexed ? SearchIndex.start(home, store) : null;
      String run = StoreFixture.run(store);
      String text = text(new Random(1), 40);
      long end = System.nanoTime() + (long) (seconds * 1e9);
      for (int thread = 0; thread < THREADS; thread++) {
        int name = thread;
        pool.submit(
            () -> {
              for (int i = 0; System.nanoTime() < end; i++) {
                store.log().append(run, List.of(StoreFixture.output(name + "/" + i, text)));
                done.incrementAndGet();
              }
            });
      }
      pool.shutdown();
      boolean unused = pool.awaitTermination(1, TimeUnit.MINUTES);
      if (index != null) {
        behind = index.behind();
        index.close();
      }
    }
    if (indexed) {
      say(
          "append with the indexer: %d events, %d of them not yet found at the end",
          done.get(), behind);
    }
    delete(home);
    return done.get() / seconds;
  }

  // ---- searching ---------------------------------------------------------------------------

  private static void searches(int events, int looks) throws Exception {
    Path home = Files.createTempDirectory("search-bench");
    try (Store store = Store.open(home, Clock.systemUTC())) {
      List<String> runs = fill(store, events);
      long began = System.nanoTime();
      try (SearchIndex index = SearchIndex.start(home, store)) {
        while (index.reached() < store.lastPos()) {
          LockSupport.parkNanos(10_000_000);
        }
        double took = (System.nanoTime() - began) / 1e9;
        FOUND.put("events", store.lastPos());
        FOUND.put("indexedPerSecond", store.lastPos() / took);
        say(
            "%d events indexed in %.1f s (%.0f/s); helm.db %d MB, search.db %d MB",
            store.lastPos(),
            took,
            store.lastPos() / took,
            Files.size(home.resolve("helm.db")) >> 20,
            Files.size(home.resolve("search.db")) >> 20);
        compare(home, index, runs.get(RUNS / 2), looks);
      }
    }
    delete(home);
  }

  private static List<String> fill(Store store, int events) {
    Random random = new Random(42);
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < RUNS; i++) {
      runs.add(StoreFixture.run(store));
    }
    for (int i = 0; i < events; i += FACTS_AT_ONCE) {
      List<Fact> facts = new ArrayList<>();
      for (int j = i; j < i + FACTS_AT_ONCE; j++) {
        String rare = j == events / 3 ? "unicornium " : "";
        Content text = Content.text(rare + text(random, 10 + random.nextInt(50)));
        facts.add(new Fact("f" + j, "main", new RunEvent.ToolOutput("tu_" + j, text, 0)));
      }
      store.log().append(runs.get(random.nextInt(RUNS)), facts);
    }
    return runs;
  }

  private static void compare(Path home, SearchIndex index, String run, int looks)
      throws Exception {
    record Case(String name, String q, @Nullable String run, String like) {}
    List<Case> cases =
        List.of(
            new Case("one event in all", "unicornium", null, "%unicornium%"),
            new Case("a word of every third event", "w3", null, "% w3 %"),
            new Case("a rare word", "w12345", null, "% w12345 %"),
            new Case("two words", "w3 w777", null, "% w777 %"),
            new Case("a phrase", "\"w1 w2\"", null, "% w1 w2 %"),
            new Case("a beginning", "w1234*", null, "% w1234%"),
            new Case("in one run", "w40", run, "% w40 %"),
            new Case("nothing", "nosuchword", null, "%nosuchword%"));
    List<Map<String, Object>> all = new ArrayList<>();
    FOUND.put("cases", all);
    for (Case each : cases) {
      SearchIndex.Wanted wanted =
          new SearchIndex.Wanted(
              SearchQuery.parse(each.q()), each.run(), Set.of(), 20, Long.MAX_VALUE);
      double[] ms = new double[looks];
      int hits = 0;
      for (int i = 0; i < looks; i++) {
        long began = System.nanoTime();
        hits = index.search(Access.system(), wanted).items().size();
        ms[i] = (System.nanoTime() - began) / 1e6;
      }
      double like = like(home, each.like(), each.run());
      double worst = Arrays.stream(ms).max().orElse(0);
      all.add(Map.of("name", each.name(), "p50", median(ms), "worst", worst, "like", like));
      say(
          "%-28s p50 %7.2f ms, worst %7.2f ms, %2d hits; LIKE scan %8.1f ms",
          each.name(), median(ms), worst, hits, like);
    }
    long began = System.nanoTime();
    int found = index.runs(Access.system(), SearchQuery.parse("w3")).ids().size();
    say("runs with a frequent word: %d in %.1f ms", found, (System.nanoTime() - began) / 1e6);
  }

  private static double like(Path home, String like, @Nullable String run) throws Exception {
    double[] ms = new double[3];
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
        var statement =
            connection.prepareStatement(
                "SELECT pos FROM events WHERE data LIKE ?"
                    + (run == null ? "" : " AND run = ?")
                    + " ORDER BY pos DESC LIMIT 20")) {
      statement.setString(1, like);
      if (run != null) {
        statement.setString(2, run);
      }
      for (int i = 0; i < ms.length; i++) {
        long began = System.nanoTime();
        try (var rows = statement.executeQuery()) {
          while (rows.next()) {
            rows.getLong(1);
          }
        }
        ms[i] = (System.nanoTime() - began) / 1e6;
      }
    }
    return median(ms);
  }

  /** Words as in prose: few are frequent, many are rare. */
  private static String text(Random random, int words) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < words; i++) {
      text.append('w').append((int) Math.pow(VOCABULARY, random.nextDouble())).append(' ');
    }
    return text.toString();
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static void delete(Path home) throws Exception {
    try (var files = Files.walk(home)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
