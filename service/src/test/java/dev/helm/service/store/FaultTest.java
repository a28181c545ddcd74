package dev.helm.service.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.store.RunLog.LogUnavailableException;
import dev.helm.api.RunStatus;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.Bodies;
import dev.helm.workflows.Fact;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What happens when the disk, the file or another process is in the way. */
class FaultTest {
  private static final int DEADLINE_MS = 30_000;

  @TempDir Path home;

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + DEADLINE_MS * 1_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("deadline").isLessThan(end);
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Test
  void aLockedDatabaseIsWaitedForThenToldThenRecovers() throws Exception {
    try (Store store = Store.open(home, Clock.systemUTC());
        Connection other = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
        Statement statement = other.createStatement()) {
      String run = StoreFixture.run(store);
      statement.execute("BEGIN IMMEDIATE");
      assertThatThrownBy(() -> store.log().append(run, List.of(StoreFixture.turn(1))))
          .isInstanceOf(LogUnavailableException.class)
          .hasMessageContaining("locked");
      assertThat(store.health().writable()).isFalse();
      statement.execute("COMMIT");
      await(() -> store.health().writable());
      assertThat(store.log().append(run, List.of(StoreFixture.turn(1)))).containsExactly(2L);
    }
  }

  // Attack: an outage in mid-request keeps its Idempotency-Key "still at work" for good.
  @Test
  void aKeyGivenBackWhileTheLogIsAwayIsFreeOnce() throws Exception {
    try (Store store = Store.open(home, Clock.systemUTC());
        Connection other = connection();
        Statement statement = other.createStatement()) {
      IdempotencyStore keys = store.idempotency();
      var key = new IdempotencyStore.Key("ann", "/api/x", "k");
      assertThat(keys.begin(key, "h")).isEqualTo(new IdempotencyStore.Claim.Fresh());
      statement.execute("BEGIN IMMEDIATE");
      keys.abandon(key);
      assertThatThrownBy(() -> keys.begin(key, "h")).isInstanceOf(LogUnavailableException.class);
      statement.execute("COMMIT");
      await(() -> store.health().writable());
      assertThat(keys.begin(key, "h")).isEqualTo(new IdempotencyStore.Claim.Fresh());
      assertThat(keys.begin(key, "h")).isEqualTo(new IdempotencyStore.Claim.InProgress());
    }
  }

  // Attack: a unit of work makes the writer's thread end, so that nothing is written any more.
  @Test
  void anErrorDoesNotEndTheWriter() {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = StoreFixture.run(store);
      store
          .writer()
          .write(
              tx -> {
                tx.afterCommit(
                    () -> {
                      throw new StackOverflowError("a test");
                    });
                return true;
              });
      await(
          () -> {
            try {
              return store.log().append(run, List.of(StoreFixture.turn(1))).equals(List.of(2L));
            } catch (LogUnavailableException e) {
              return false;
            }
          });
    }
  }

  // Attack: a run that waits for a container is told to go on by the end of an outage.
  @Test
  void onlyWhatHelmHeldGoesOn() {
    String waits;
    String held;
    try (Store store = Store.open(home, Clock.systemUTC())) {
      waits = StoreFixture.run(store);
      held = StoreFixture.run(store);
      var pause = new RunEvent.RunPaused("system", null, null, null, "why");
      store.log().append(waits, List.of(new Fact("container-waits", "main", pause)));
      store.log().append(held, List.of(new Fact("system/1", "main", pause)));
    }
    try (Store store = Store.open(home, Clock.systemUTC())) {
      await(() -> row(store, held).status() == RunStatus.RUNNING);
      assertThat(row(store, waits).status()).isEqualTo(RunStatus.PAUSED);
    }
  }

  private static Bodies.Run row(Store store, String run) {
    return Objects.requireNonNull(store.queries().run(Access.system(), run));
  }

  @Test
  void aSecondServiceIsRefused() {
    try (Store first = Store.open(home, Clock.systemUTC())) {
      assertThatThrownBy(() -> Store.open(home, Clock.systemUTC()))
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("another Helm service");
      StoreFixture.run(first);
    }
    Store.open(home, Clock.systemUTC()).close();
  }

  @Test
  void aCutLogIsNoticedAndAHeadsFileBehindIsAccepted() throws Exception {
    String run;
    try (Store store = Store.open(home, Clock.systemUTC())) {
      run = StoreFixture.run(store);
      store.log().append(run, List.of(StoreFixture.turn(1)));
    }
    Path database = home.resolve("helm.db");
    Path heads = home.resolve("heads.log");
    Path oldDatabase = Files.copy(database, home.resolve("old.db"));
    Path oldHeads = Files.copy(heads, home.resolve("old.log"));
    try (Store store = Store.open(home, Clock.systemUTC())) {
      store.log().append(run, List.of(StoreFixture.turn(2)));
    }
    Path newHeads = Files.copy(heads, home.resolve("new.log"));
    Files.copy(oldHeads, heads, StandardCopyOption.REPLACE_EXISTING);
    Store.open(home, Clock.systemUTC()).close();
    Files.copy(newHeads, heads, StandardCopyOption.REPLACE_EXISTING);
    Files.copy(oldDatabase, database, StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(() -> Store.open(home, Clock.systemUTC()))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("was cut or changed");
    // A line without the right signature says nothing, nor does a torn one.
    Files.writeString(heads, run + " 99 " + "a".repeat(64) + " " + "b".repeat(64) + "\n" + run);
    try (Store store = Store.open(home, Clock.systemUTC())) {
      store.log().append(run, List.of(StoreFixture.turn(3)));
    }
    Store.open(home, Clock.systemUTC()).close();
  }

  @Test
  void anAuditLogThatWasCutIsNoticedAtTheStart() throws Exception {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      for (int i = 0; i < 3; i++) {
        store
            .audit()
            .append(
                new AuditStore.Entry(
                    AuditStore.Type.CHANGED, "k" + i, "ada", java.util.Map.of("n", "" + i)));
      }
    }
    Store.open(home, Clock.systemUTC()).close();
    try (Connection connection = connection();
        var sql = connection.createStatement()) {
      sql.execute("DROP TRIGGER audit_no_delete");
      sql.execute("DELETE FROM audit WHERE seq = 3");
    }
    assertThatThrownBy(() -> Store.open(home, Clock.systemUTC()))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("(audit) was cut or changed");
  }

  @Test
  void headsAreCompacted() throws Exception {
    Path keys = home.resolve("k");
    try (Store store = Store.open(home, Clock.systemUTC());
        HeadsFile file = new HeadsFile(home.resolve("h"), Hmac.ofFile(keys), 2_000);
        Statements sql = new Statements(connection())) {
      for (int i = 0; i < 40; i++) {
        String run =
            i % 20 == 0 ? StoreFixture.run(store) : store.queries().activeRunIds().getLast();
        long seq = store.log().append(run, List.of(StoreFixture.turn(i))).getFirst();
        String hash =
            store
                .queries()
                .events(Access.system(), run, seq - 1, 1, Set.of())
                .items()
                .getFirst()
                .hash();
        file.append(java.util.Map.of(run, new Head(seq, hash, "", false, 1, "default")));
        file.compactIfLarge(sql);
      }
      store
          .audit()
          .append(
              new AuditStore.Entry(
                  AuditStore.Type.CHANGED, "k", "ada", java.util.Map.of("n", "1")));
      file.append(java.util.Map.of("r", new Head(1, "x".repeat(3_000), "", false, 1, "d")));
      file.compactIfLarge(sql);
      assertThat(Files.readString(home.resolve("h"))).contains("audit 1 ");
      assertThat(Files.size(home.resolve("h"))).isLessThan(3_000);
      file.verify(sql);
    }
  }

  private Connection connection() throws java.sql.SQLException {
    return DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
  }

  @Test
  void aDamagedFileIsRefused() throws Exception {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = StoreFixture.run(store);
      for (int i = 0; i < 50; i++) {
        store.log().append(run, List.of(StoreFixture.output("k" + i, "x".repeat(2_000))));
      }
    }
    try (RandomAccessFile file = new RandomAccessFile(home.resolve("helm.db").toFile(), "rw")) {
      for (long at = 4096L * 4; at < file.length(); at += 4096) {
        file.seek(at);
        file.write(new byte[64]);
      }
    }
    assertThatThrownBy(() -> Store.open(home, Clock.systemUTC()))
        .isInstanceOf(StoreException.class);
  }
}
