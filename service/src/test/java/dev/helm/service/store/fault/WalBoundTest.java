package dev.helm.service.store.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.service.store.Store;
import dev.helm.service.store.StoreFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The write-ahead log does not grow without bound. */
class WalBoundTest {
  private static final int MIB = 1 << 20;

  @TempDir Path home;

  private void write(Store store, String run, String name, int mebibytes) {
    for (int i = 0; i < mebibytes; i++) {
      byte[] blob = new byte[MIB];
      blob[0] = (byte) i;
      blob[1] = (byte) name.hashCode();
      store.blobs().put(blob, "application/octet-stream");
      store.log().append(run, List.of(StoreFixture.output(name + i, "x")));
    }
  }

  private long walMib() throws Exception {
    return Files.size(home.resolve("helm.db-wal")) / MIB;
  }

  // Attack: a program that reads for a long time keeps the log from being cut back.
  @Test
  void aLongReaderIsToldAndThenTheLogIsCutBack() throws Exception {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = StoreFixture.run(store);
      write(store, run, "alone", 40);
      assertThat(walMib()).as("nobody reads").isLessThan(20);
      try (Connection reader =
              DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
          Statement statement = reader.createStatement()) {
        statement.execute("BEGIN");
        statement.executeQuery("SELECT count(*) FROM events").close();
        write(store, run, "read", 90);
        assertThat(walMib()).as("the control: a reader holds it").isGreaterThan(64);
        assertThat(store.health().writable()).isTrue();
        assertThat(store.health().detail()).contains("keeps reading helm.db").contains("end");
        statement.execute("COMMIT");
      }
      write(store, run, "after", 3);
      assertThat(walMib()).as("cut back by itself").isLessThanOrEqualTo(64);
      assertThat(store.health().detail()).isNull();
    }
  }
}
