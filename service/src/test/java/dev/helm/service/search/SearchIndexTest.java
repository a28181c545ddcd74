package dev.helm.service.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.service.store.Access;
import dev.helm.service.store.InvalidCursorException;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import dev.helm.workflows.Fact;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The index over a real store: what is found, by whom, and after what happened to it. */
@Timeout(120)
@SuppressWarnings("NullAway.Init") // opened before each test
final class SearchIndexTest {
  private static final AtomicInteger KEYS = new AtomicInteger();

  @TempDir private Path home;
  private Store store;
  private SearchIndex index;

  @BeforeEach
  void open() {
    store = Store.open(home, Clock.systemUTC());
    index = SearchIndex.start(home, store);
  }

  @AfterEach
  void close() {
    index.close();
    store.close();
  }

  private void again() {
    close();
    open();
  }

  private void caughtUp() {
    caughtUp(index, store);
  }

  static void caughtUp(SearchIndex index, Store store) {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    // The writer answers before it tells listeners, so the index may not know of the last events.
    while (index.reached() < store.lastPos() || index.component().detail() != null) {
      assertThat(System.nanoTime()).as("%s", index.component()).isLessThan(due);
      LockSupport.parkNanos(5_000_000);
    }
    assertThat(store.lastPos()).isPositive();
  }

  private void say(String run, String text) {
    add(run, new RunEvent.ToolOutput("tu_1", Content.text(text), 0));
  }

  private void add(String run, RunEvent event) {
    store.log().append(run, List.of(new Fact("t/" + KEYS.incrementAndGet(), "main", event)));
  }

  private Bodies.SearchResult find(Access access, String q, @Nullable String run, String... types) {
    caughtUp();
    return index.search(
        access,
        new SearchIndex.Wanted(SearchQuery.parse(q), run, Set.of(types), 100, Long.MAX_VALUE));
  }

  private List<String> texts(String q) {
    return find(Access.system(), q, null).items().stream().map(h -> h.snippet().text()).toList();
  }

  @Test
  void wordsPhrasesAndBeginningsAreFoundNewestFirst() {
    String run = StoreFixture.run(store);
    say(run, "Pulling announcement pages from stripe.com/blog");
    say(run, "Wrote competitive_intel.csv with 142 entries");
    say(run, "Über die Straße, naïve café");
    assertThat(texts("announcement pages"))
        .containsExactly("Pulling announcement pages from stripe.com/blog · tu_1");
    assertThat(texts("pages announcement")).hasSize(1);
    assertThat(texts("\"pages announcement\"")).isEmpty();
    assertThat(texts("stripe.com/blog")).hasSize(1);
    assertThat(texts("competitive_intel.csv")).hasSize(1);
    assertThat(texts("csv.competitive_intel")).isEmpty();
    assertThat(texts("compet*")).hasSize(1);
    assertThat(texts("\"142 entr\"*")).hasSize(1);
    assertThat(texts("compet")).isEmpty();
    assertThat(texts("uber CAFE naive")).hasSize(1);
    say(run, "another announcement");
    assertThat(texts("announcement")).hasSize(2).first().asString().startsWith("another");
  }

  @Test
  void aHitSaysWhereItIsAndMarksItsWords() {
    String run = StoreFixture.run(store);
    say(run, "one two three two");
    Bodies.SearchResult found = find(Access.system(), "two", null);
    Bodies.SearchHit hit = found.items().getFirst();
    assertThat(hit.run()).isEqualTo(run);
    assertThat(hit.runName()).isEqualTo("demo");
    assertThat(hit.seq()).isEqualTo(2);
    assertThat(hit.type()).isEqualTo("tool.output");
    assertThat(hit.agent()).isEqualTo("main");
    assertThat(hit.snippet().marks())
        .extracting(mark -> hit.snippet().text().substring(mark.start(), mark.end()))
        .containsExactly("two", "two");
    assertThat(found.partial()).isFalse();
    assertThat(found.nextCursor()).isNull();
    assertThat(found.behind()).isZero();
  }

  @Test
  void foreignJsonIsUnfoldedAndHashesAreNoWords() {
    String run = StoreFixture.run(store);
    String arguments = "{\"script\":\"first line\\nsecond line\",\"deep\":[{\"key\":\"value\"}]}";
    add(
        run,
        new RunEvent.ToolRequested(
            "tu_9", "Bash", Content.text(arguments), "a".repeat(64), "first line", 1));
    assertThat(texts("second line key value Bash tu_9")).hasSize(1);
    assertThat(texts("nsecond")).isEmpty();
    assertThat(texts("a".repeat(64))).isEmpty();
  }

  @Test
  void typeRunAndPagesNarrow() {
    String one = StoreFixture.run(store);
    String two = StoreFixture.run(store);
    for (int i = 0; i < 7; i++) {
      say(one, "needle " + i);
    }
    say(two, "needle of two");
    add(two, new RunEvent.ModelRetried(1, 1, "needle overloaded", 529, 10));
    assertThat(find(Access.system(), "needle", two).items()).hasSize(2);
    assertThat(find(Access.system(), "needle", two, "model.retried").items())
        .singleElement()
        .extracting(Bodies.SearchHit::type)
        .isEqualTo("model.retried");
    assertThat(find(Access.system(), "needle", null, "tool.output", "model.retried").items())
        .hasSize(9);
    List<Long> seqs = new ArrayList<>();
    String cursor = null;
    do {
      Bodies.SearchResult page =
          index.search(
              Access.system(),
              new SearchIndex.Wanted(
                  SearchQuery.parse("needle"), one, Set.of(), 3, SearchCursor.read(cursor)));
      page.items().forEach(hit -> seqs.add(hit.seq()));
      cursor = page.nextCursor();
    } while (cursor != null);
    assertThat(seqs).containsExactly(8L, 7L, 6L, 5L, 4L, 3L, 2L);
    assertThatThrownBy(() -> SearchCursor.read("x' OR 1"))
        .isInstanceOf(InvalidCursorException.class);
    SearchIndex.Runs runs = index.runs(Access.system(), SearchQuery.parse("needle"));
    assertThat(runs.ids()).containsExactly(two, one);
    assertThat(runs.partial()).isFalse();
  }

  @Test
  void nobodyFindsWhatTheyDoNotSee() {
    String mine = StoreFixture.runIn(store, "infra-ops");
    String theirs = StoreFixture.runIn(store, "market-intel");
    say(mine, "plans");
    say(theirs, "plans of theirs");
    Access ann = Access.only("ann", Set.of("infra-ops", "infra"));
    assertThat(find(ann, "plans", null).items())
        .extracting(Bodies.SearchHit::run)
        .containsExactly(mine);
    assertThat(find(ann, "plans", theirs).items()).isEmpty();
    assertThat(find(Access.only("bob", Set.of()), "plans", null).items()).isEmpty();
    assertThat(index.runs(ann, SearchQuery.parse("plans")).ids()).containsExactly(mine);
    String tag = Tags.project("market-intel");
    assertThat(find(ann, tag, null).items()).as("tags are no words").isEmpty();
    assertThat(find(Access.system(), tag, null).items()).isEmpty();
  }

  @Test
  void theBeginningOfABlobIsFoundUntilItIsErased() throws Exception {
    String run = StoreFixture.run(store);
    String large = "marigold " + "x ".repeat(40_000) + "tailword";
    Content content = store.blobs().content(large, "text/plain");
    assertThat(content).isInstanceOf(Content.BlobRef.class);
    add(run, new RunEvent.ToolFinished("tu_1", "Read", "ok", "read it", content, 0, 5L, 0L, null));
    add(run, new RunEvent.ToolOutput("tu_2", content, 0));
    assertThat(texts("marigold")).hasSize(2);
    assertThat(texts("tailword")).as("beyond what is indexed of a blob").isEmpty();
    String sha256 = ((Content.BlobRef) content).sha256();
    add(run, new RunEvent.BlobErased(sha256, large.length(), "owner"));
    assertThat(texts("marigold")).isEmpty();
    assertThat(texts("\"read it\"")).as("the event itself stays").hasSize(1);
    add(run, new RunEvent.ToolOutput("tu_3", content, 0));
    assertThat(texts("marigold")).as("also where it is named later").isEmpty();
    index.close();
    for (String ending : List.of("", "-wal")) {
      Path file = home.resolve("search.db" + ending);
      if (Files.exists(file)) {
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
            .as("bytes of search.db%s", ending)
            .doesNotContainIgnoringCase("marigold");
      }
    }
  }

  @Test
  void aMissingDamagedForeignOrOldIndexIsMadeAnew() throws Exception {
    String run = StoreFixture.run(store);
    say(run, "kept in the log");
    Path file = home.resolve("search.db");
    caughtUp();
    byte[] good = Files.readAllBytes(file);
    Random random = new Random(7);
    for (String harm : List.of("missing", "empty", "noise", "half", "no state", "other log")) {
      close();
      Files.deleteIfExists(home.resolve("search.db-wal"));
      Files.deleteIfExists(home.resolve("search.db-shm"));
      switch (harm) {
        case "missing" -> Files.deleteIfExists(file);
        case "empty" -> Files.write(file, new byte[0]);
        case "noise" -> {
          byte[] noise = new byte[50_000];
          random.nextBytes(noise);
          Files.write(file, noise);
        }
        case "half" -> Files.write(file, java.util.Arrays.copyOf(good, good.length / 2));
        case "no state" -> sql(file, "DROP TABLE state");
        default -> sql(file, "UPDATE state SET hash = 'another'");
      }
      open();
      caughtUp();
      assertThat(texts("kept log")).as(harm).hasSize(1);
      assertThat(index.component().state()).as(harm).isEqualTo("healthy");
    }
  }

  @Test
  void aFileThatIsTakenAwayMeanwhileIsMadeAnew() throws Exception {
    String run = StoreFixture.run(store);
    say(run, "still there");
    assertThat(texts("still there")).hasSize(1);
    index.close();
    index = SearchIndex.start(home, store);
    caughtUp();
    for (String ending : List.of("", "-wal", "-shm")) {
      Files.deleteIfExists(home.resolve("search.db" + ending));
    }
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (find(Access.system(), "still there", null).items().isEmpty()) {
      assertThat(System.nanoTime()).as("%s", index.component()).isLessThan(due);
      LockSupport.parkNanos(20_000_000);
    }
  }

  @Test
  void anErrorIsToldAndTheIndexGoesOnLater() {
    index.close();
    AtomicInteger left = new AtomicInteger(1);
    SearchFile heavy =
        new SearchFile(home) {
          @Override
          void checkRoom() throws java.io.IOException {
            if (left.getAndDecrement() > 0) {
              throw new OutOfMemoryError("a test's");
            }
            super.checkRoom();
          }
        };
    index = SearchIndex.start(store, heavy);
    String run = StoreFixture.run(store);
    say(run, "after the error");
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    boolean told = false;
    while (index.reached() < store.lastPos()) {
      told |= index.component().state().equals("degraded");
      assertThat(System.nanoTime()).as("%s", index.component()).isLessThan(due);
      LockSupport.parkNanos(2_000_000);
    }
    assertThat(told).isTrue();
    assertThat(texts("after error")).hasSize(1);
  }

  @Test
  void moreThan500RunsAreCutAndThatIsSaid() {
    for (int i = 0; i < 501; i++) {
      say(StoreFixture.run(store), "everywhere");
    }
    caughtUp();
    SearchIndex.Runs runs = index.runs(Access.system(), SearchQuery.parse("everywhere"));
    assertThat(runs.ids()).hasSize(500);
    assertThat(runs.partial()).isTrue();
  }

  /** One person's searches take one place, however many and slow they are. */
  @Test
  void nobodysSearchesKeepAnotherFromSearching() throws Exception {
    String run = StoreFixture.run(store);
    say(run, "shared word");
    caughtUp();
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    SearchFile slow =
        new SearchFile(home) {
          @Override
          java.sql.Connection connect(boolean readOnly) throws java.sql.SQLException {
            if (Thread.currentThread().getName().startsWith("greedy")) {
              inside.countDown();
              try {
                go.await();
              } catch (InterruptedException e) {
                throw new java.sql.SQLException(e);
              }
            }
            return super.connect(readOnly);
          }
        };
    SearchQuery query = SearchQuery.parse("shared");
    List<Thread> greedy = new ArrayList<>();
    try (Searcher searcher = new Searcher(slow)) {
      for (int i = 0; i < 4; i++) {
        greedy.add(
            Thread.ofPlatform()
                .name("greedy-" + i)
                .start(
                    () -> {
                      try {
                        searcher.runs(Access.everything("greedy"), query);
                      } catch (SearchIndex.Busy | java.sql.SQLException e) {
                        // Its turn did not come.
                      }
                    }));
      }
      assertThat(inside.await(60, TimeUnit.SECONDS)).isTrue();
      // Long enough for each of them to have come as far as it can.
      for (Thread thread : greedy) {
        while (thread.getState() != Thread.State.WAITING
            && thread.getState() != Thread.State.TIMED_WAITING
            && thread.isAlive()) {
          Thread.onSpinWait();
        }
      }
      assertThat(searcher.runs(Access.everything("ann"), query).ids()).containsExactly(run);
      go.countDown();
      for (Thread thread : greedy) {
        thread.join();
      }
    }
  }

  private static void sql(Path file, String sql) throws Exception {
    try (var connection = java.sql.DriverManager.getConnection("jdbc:sqlite:" + file);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void aSearchEndsWhenItsTimeIsUpAndTheNextOneWorks() throws Exception {
    String run = StoreFixture.run(store);
    List<Fact> facts = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      facts.add(StoreFixture.output("many/" + i, "frequent " + i));
    }
    store.log().append(run, facts);
    caughtUp();
    SearchIndex.Wanted wanted =
        new SearchIndex.Wanted(
            SearchQuery.parse("frequent"), null, Set.of(), 3_000, Long.MAX_VALUE);
    try (Searcher hasty = new Searcher(new SearchFile(home), 0)) {
      Bodies.SearchResult found = hasty.search(Access.system(), wanted);
      assertThat(found.partial()).isTrue();
      assertThat(found.items()).hasSizeLessThan(3_000);
      assertThat(hasty.runs(Access.system(), SearchQuery.parse("frequent")).partial()).isTrue();
    }
    Bodies.SearchResult whole = index.search(Access.system(), wanted);
    assertThat(whole.partial()).isFalse();
    assertThat(whole.items()).hasSize(3_000);
  }

  @Test
  void hostileQueriesFindNothingOrSomethingAndNeverFail() {
    String run = StoreFixture.run(store);
    say(run, "plain words AND OR NOT NEAR text tags rowid");
    caughtUp();
    long seed = System.nanoTime();
    System.out.println("search seed " + seed);
    Random random = new Random(seed);
    List<String> hostile =
        new ArrayList<>(
            List.of(
                "AND",
                "OR",
                "NOT plain",
                "NEAR(plain words)",
                "plain OR",
                "tags : rx",
                "text:plain",
                "{text tags} : plain",
                "-plain",
                "^plain",
                "+plain",
                "\"",
                "\"\"",
                "\"plain",
                "plain\"",
                "(plain",
                ")))",
                "'; DROP TABLE words; --",
                "a*b*c",
                "**",
                "pl*ai*n",
                "\\",
                "%",
                "_",
                "plain\0words",
                "\u0001\u0002",
                "\ud800",
                "𝕡𝕝𝕒𝕚𝕟",
                "日本語*",
                "日*",
                "½",
                "²",
                "ﷺ",
                "\u202eplain",
                "\"plain words\"*\"x\"*",
                "words*,",
                "plain" + "*".repeat(50),
                "\"\"\"\"plain\"\"\"\""));
    String letters = "ab \"*()^:-+{}ANDORNEAR'%\\\u0000\u0301é日\ud83d\ude00";
    for (int i = 0; i < 400; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(40); n >= 0; n--) {
        text.append(letters.charAt(random.nextInt(letters.length())));
      }
      hostile.add(text.toString());
    }
    for (String q : hostile) {
      SearchQuery query;
      try {
        query = SearchQuery.parse(q);
      } catch (IllegalArgumentException e) {
        continue;
      }
      Bodies.SearchResult found =
          index.search(
              Access.system(), new SearchIndex.Wanted(query, null, Set.of(), 10, Long.MAX_VALUE));
      assertThat(found.partial()).as(q).isFalse();
    }
    assertThat(texts("AND OR NOT NEAR")).as("words like any other").hasSize(1);
    assertThat(texts("text:plain")).as("no column").isEmpty();
    assertThat(texts("-plain")).as("no operator").hasSize(1);
  }

  @Test
  void nothingToLookForIsSaid() {
    for (String q : List.of("", "  ", "***", "\"\"", "½?!", "a*", "x".repeat(201))) {
      assertThatThrownBy(() -> SearchQuery.parse(q))
          .as(q)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith("expected ");
    }
    assertThatThrownBy(() -> SearchQuery.parse("a1 ".repeat(17)))
        .hasMessage("expected at most 16 words");
  }

  /** The process that is killed: it appends and indexes. */
  public static final class Life {
    private Life() {}

    /** Argument: the home directory. */
    public static void main(String[] args) throws Exception {
      Store store = Store.open(Path.of(args[0]), Clock.systemUTC());
      SearchIndex index = SearchIndex.start(Path.of(args[0]), store);
      String run = StoreFixture.run(store);
      String life = "life" + System.nanoTime();
      for (int i = 0; ; i++) {
        String text = "survivor " + life + " " + i;
        store.log().append(run, List.of(StoreFixture.output(text, text)));
        System.out.println("behind " + index.behind());
      }
    }
  }

  @Test
  void afterKillsItCatchesUpAndNothingIsThereTwice() throws Exception {
    close();
    long seed = System.nanoTime();
    System.out.println("search kill seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 6; i++) {
      Process life =
          new ProcessBuilder(
                  ProcessHandle.current().info().command().orElseThrow(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Life.class.getName(),
                  home.toString())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(life.getInputStream(), StandardCharsets.UTF_8))) {
        for (int line = random.nextInt(1_500); line >= 0; line--) {
          assertThat(out.readLine()).startsWith("behind ");
        }
        life.destroyForcibly().waitFor();
      }
    }
    open();
    caughtUp();
    long events = store.lastPos();
    try (var connection =
            java.sql.DriverManager.getConnection("jdbc:sqlite:" + home.resolve("search.db"));
        var statement = connection.createStatement();
        var row = statement.executeQuery("SELECT count(*), max(rowid) FROM words")) {
      row.next();
      assertThat(row.getLong(1)).isEqualTo(events);
      assertThat(row.getLong(2)).isEqualTo(events);
    }
    assertThat(find(Access.system(), "survivor", null).items()).hasSize(100);
    again();
    caughtUp();
    assertThat(find(Access.system(), "survivor", null).items()).hasSize(100);
    System.out.println("6 kills, " + events + " events");
  }
}
