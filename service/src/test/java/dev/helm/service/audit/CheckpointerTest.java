package dev.helm.service.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.bundle.Checkpoint;
import dev.helm.service.store.CheckpointStore;
import dev.helm.service.store.CommitListener;
import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Clock;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class CheckpointerTest {
  @TempDir Path home;
  @TempDir Path elsewhere;

  private static void until(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      LockSupport.parkNanos(20_000_000);
    }
  }

  private List<Long> signed(Store store, String run) {
    return store.checkpoints().page(run, 0, 1000).stream().map(Checkpoint::seq).toList();
  }

  @Test
  void whatAKilledServiceLeftUnsignedIsMadeUpFor() throws Exception {
    String run;
    String other;
    try (Store store = Store.open(home, Clock.systemUTC())) {
      run = StoreFixture.run(store);
      for (int i = 0; i < 249; i++) {
        store.log().append(run, List.of(StoreFixture.output("o" + i, "text")));
      }
      store.log().append(run, List.of(StoreFixture.finished()));
      other = StoreFixture.run(store);
    }
    try (Sealed sealed = new Sealed(home)) {
      sealed.audit.start();
      until(() -> signed(sealed.store, other).size() == 1);
      until(() -> signed(sealed.store, run).contains(251L));
      assertThat(signed(sealed.store, run)).containsExactly(100L, 200L, 251L);
      assertThat(signed(sealed.store, other)).containsExactly(1L);
      assertThat(sealed.audit.component().state()).isEqualTo("healthy");
    }
  }

  @Test
  void whatWaitsIsNotForgottenWhenTheStoreCannotBeRead() throws Exception {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      AtomicInteger failures = new AtomicInteger(2);
      CheckpointStore flaky =
          (CheckpointStore)
              Proxy.newProxyInstance(
                  CheckpointStore.class.getClassLoader(),
                  new Class<?>[] {CheckpointStore.class},
                  (_, method, values) -> {
                    if (method.getName().equals("links") && failures.getAndDecrement() > 0) {
                      throw new IllegalStateException("cannot be read");
                    }
                    return method.invoke(store.checkpoints(), values);
                  });
      try (Checkpointer checkpointer =
          new Checkpointer(flaky, AuditKey.of(home), Clock.systemUTC(), null)) {
        failures.set(0);
        checkpointer.start();
        String first = StoreFixture.run(store);
        checkpointer.cover(first);
        store.log().append(first, List.of(StoreFixture.finished()));
        failures.set(1);
        checkpointer.committed(
            List.of(new CommitListener.Committed(2, first, "default", 2, "run.finished", "{}")));
        until(() -> signed(store, first).contains(2L));
      }
    }
  }

  @Test
  void allThatWasLeftUnsignedIsMadeUpForHoweverMuchItIs() throws Exception {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      for (int i = 0; i < 230; i++) {
        StoreFixture.run(store);
      }
    }
    try (Sealed sealed = new Sealed(home)) {
      sealed.audit.start();
      until(() -> sealed.store.checkpoints().uncovered("", 1).isEmpty());
    }
  }

  @Test
  void aChainThatWasChangedIsNotSigned() throws Exception {
    String run;
    try (Store store = Store.open(home, Clock.systemUTC())) {
      run = StoreFixture.run(store);
      store.log().append(run, List.of(StoreFixture.output("o", "text")));
    }
    try (var connection = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
        var sql = connection.createStatement()) {
      sql.execute("DROP TRIGGER events_no_update");
      sql.execute("UPDATE events SET data = '{\"forged\":true}' WHERE seq = 2");
    }
    try (Sealed sealed = new Sealed(home)) {
      sealed.audit.start();
      until(() -> sealed.audit.component().state().equals("degraded"));
      assertThat(sealed.audit.component().detail()).contains("was changed at its event 2");
      assertThat(signed(sealed.store, run)).isEmpty();
      assertThat(Sealed.verify(sealed.export(run)).verified()).isFalse();
    }
  }

  @Test
  void theAnchorGetsEveryCheckpointAlsoAfterItWasAway() throws Exception {
    Path anchor = elsewhere.resolve("disk").resolve("anchor.jsonl");
    Files.writeString(home.resolve("config.yml"), "audit: {anchor: " + anchor + "}\n");
    String run;
    try (Sealed sealed = new Sealed(home)) {
      sealed.audit.start();
      run = sealed.run(new Random(1), 100, true);
      until(() -> sealed.audit.component().state().equals("degraded"));
      assertThat(sealed.audit.component().detail()).contains("cannot be written");
      Files.createDirectories(anchor.getParent());
      until(() -> sealed.audit.component().state().equals("healthy"));
      assertThat(Files.readAllLines(anchor)).hasSize(signed(sealed.store, run).size());
    }
    // A torn line, and a life that goes on after it.
    Files.writeString(anchor, Files.readString(anchor) + "{\"at\":\"20");
    try (Sealed sealed = new Sealed(home)) {
      sealed.audit.start();
      String next = sealed.run(new Random(2), 100, true);
      until(
          () -> {
            try {
              return Files.readString(anchor).contains(next);
            } catch (java.io.IOException e) {
              return false;
            }
          });
      for (String each : List.of(run, next)) {
        assertThat(Sealed.verify(sealed.export(each), "", anchor).faults()).isEmpty();
      }
    }
    // Another database behind the same anchor is told.
    Files.delete(home.resolve("helm.db"));
    Files.deleteIfExists(home.resolve("heads.log"));
    try (Sealed sealed = new Sealed(home)) {
      sealed.audit.start();
      sealed.run(new Random(3), 10, true);
      until(() -> String.valueOf(sealed.audit.component().detail()).contains("does not have"));
    }
  }

  @Test
  void anAnchorInsideTheHomeIsRefused() throws Exception {
    Files.writeString(home.resolve("config.yml"), "audit: {anchor: " + home.resolve("a") + "}\n");
    assertThatThrownBy(() -> new Sealed(home)).hasMessageContaining("outside of HELM_HOME");
  }

  @Test
  void theKeyIsPrivateAndADamagedOneIsRefused() throws Exception {
    AuditKey key = AuditKey.of(home);
    Path file = home.resolve("keys").resolve("audit.key");
    assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
    assertThat(AuditKey.of(home).id()).isEqualTo(key.id());
    String text = Files.readString(file);
    Files.writeString(file, text.substring(0, 60));
    assertThatThrownBy(() -> AuditKey.of(home)).hasMessageContaining("is damaged");
  }
}
