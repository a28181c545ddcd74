package dev.helm.service.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.event.CanonicalJson;
import dev.helm.cli.verify.Report;
import dev.helm.service.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** R5: every edit of a stored or exported log is found, and a clean one raises no alarm. */
@Timeout(3600)
class TamperTest {
  private static final String SEED = "helm.tamper.seed";

  @TempDir Path folder;

  @Test
  void editsOfABundleAreFound() throws Exception {
    bundles(folder, seed(), 200);
  }

  @Test
  void editsOfTheDatabaseAreFound() throws Exception {
    databases(folder, seed(), 25);
  }

  @Test
  void manyCleanBundlesRaiseNoAlarm() throws Exception {
    long seed = seed();
    Random random = new Random(seed);
    try (Sealed sealed = new Sealed(folder)) {
      for (int i = 0; i < 10; i++) {
        String run = sealed.run(random, random.nextInt(60), random.nextBoolean());
        Path file = sealed.export(run);
        assertThat(Sealed.verify(file, sealed.audit.key().id(), kept(sealed, run)).faults())
            .as("seed " + seed + ", bundle " + i)
            .isEmpty();
        Files.delete(file);
      }
    }
  }

  static long seed() {
    return Long.getLong(SEED, System.nanoTime());
  }

  // ---- the file ----------------------------------------------------------------------------

  static void bundles(Path folder, long seed, int edits) throws Exception {
    Random random = new Random(seed);
    Path home = Files.createDirectories(folder.resolve("bundles"));
    try (Sealed sealed = new Sealed(home)) {
      byte[] clean = Files.readAllBytes(sealed.export(sealed.run(random, 60, true)));
      Path file = home.resolve("edited.zip");
      for (int i = 0; i < edits; i++) {
        byte[] edited = edited(clean, random);
        if (Arrays.equals(edited, clean)) {
          continue;
        }
        Files.write(file, edited);
        assertThat(Sealed.verify(file).verified())
            .as("bundle edit %d of seed %d: rerun with -D%s=%d", i, seed, SEED, seed)
            .isFalse();
      }
    }
  }

  private static byte[] edited(byte[] clean, Random random) {
    byte[] copy = clean.clone();
    int at = random.nextInt(clean.length);
    int to = random.nextInt(clean.length);
    int length = 1 + random.nextInt(Math.min(200, clean.length - Math.max(at, to)));
    return switch (random.nextInt(6)) {
      case 0 -> {
        copy[at] ^= (byte) (1 << random.nextInt(8));
        yield copy;
      }
      case 1 -> {
        copy[at] = (byte) random.nextInt(256);
        yield copy;
      }
      case 2 -> Arrays.copyOf(clean, at);
      case 3 -> {
        System.arraycopy(clean, at, copy, to, length);
        yield copy;
      }
      case 4 -> {
        byte[] shorter = new byte[clean.length - length];
        System.arraycopy(clean, 0, shorter, 0, at);
        System.arraycopy(clean, at + length, shorter, at, shorter.length - at);
        yield shorter;
      }
      default -> {
        byte[] longer = Arrays.copyOf(clean, clean.length + length);
        System.arraycopy(clean, at, longer, at + length, clean.length - at);
        yield longer;
      }
    };
  }

  // ---- the database ------------------------------------------------------------------------

  static void databases(Path folder, long seed, int edits) throws Exception {
    Random random = new Random(seed);
    Path clean = Files.createDirectories(folder.resolve("clean"));
    String run;
    try (Sealed sealed = new Sealed(clean)) {
      run = sealed.run(random, 45, true);
      sealed.run(random, 10, false);
      Files.delete(sealed.export(run));
    }
    Path home = folder.resolve("edited");
    for (int i = 0; i < edits; i++) {
      copy(clean, home);
      String what = edit(home.resolve("helm.db"), run, random);
      assertThat(found(home, run))
          .as("database edit %d of seed %d (%s): rerun with -D%s=%d", i, seed, what, SEED, seed)
          .isTrue();
    }
  }

  /** Found at the start by the heads file, or by whoever verifies the next export. */
  private static boolean found(Path home, String run) throws IOException {
    // Attack: who can write the database takes the heads file away too.
    Files.deleteIfExists(home.resolve("heads.log"));
    try (Sealed sealed = new Sealed(home)) {
      Path file = home.resolve("e.zip");
      try (var out = Files.newOutputStream(file)) {
        sealed.audit.exports().of(run).write(out);
      }
      return !Sealed.verify(file).verified();
    } catch (StoreException | IllegalArgumentException | IOException e) {
      return true;
    }
  }

  private static String edit(Path database, String run, Random random) throws SQLException {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement sql = connection.createStatement()) {
      sql.execute("PRAGMA foreign_keys=OFF");
      dropTriggers(sql);
      int seq =
          1
              + random.nextInt(
                  (int) number(sql, "SELECT max(seq) FROM events WHERE run = '" + run + "'"));
      String at = " WHERE run = '" + run + "' AND seq = " + seq;
      return switch (random.nextInt(10)) {
        case 0 -> changeText(sql, "events", "data", at, random);
        case 1 -> changeText(sql, "events", "at", at, random);
        case 2 -> changeText(sql, "events", "type", at, random);
        case 3 -> changeText(sql, "events", random.nextBoolean() ? "hash" : "prev", at, random);
        case 4 -> changeText(sql, "events", "agent", at, random);
        case 5 -> done(sql, "DELETE FROM events" + at);
        case 6 -> swap(sql, run, seq, random);
        case 7 -> done(sql, "DELETE FROM events WHERE run = '" + run + "' AND seq >= " + seq);
        case 8 -> table(sql, run, random);
        default -> other(sql, run, random);
      };
    }
  }

  /** What people read, and the log does not say. */
  private static String table(Statement sql, String run, Random random) throws SQLException {
    String row = " WHERE run = '" + run + "' AND tool_use_id = 'tu_" + random.nextInt(45) + "'";
    return switch (random.nextInt(4)) {
      case 0 ->
          changeText(
              sql,
              "runs",
              List.of("name", "by_name", "project", "status", "created_at").get(random.nextInt(5)),
              " WHERE id = '" + run + "'",
              random);
      case 1 ->
          done(
              sql,
              "UPDATE runs SET "
                  + List.of("spent_micros", "cap_micros", "prompt", "reason", "practice")
                      .get(random.nextInt(5))
                  + " = 7 WHERE id = '"
                  + run
                  + "'");
      case 2 ->
          changeText(
              sql,
              "calls",
              List.of("tool", "arguments_hash", "object", "agent").get(random.nextInt(4)),
              row,
              random);
      default -> done(sql, "DELETE FROM calls" + row);
    };
  }

  private static String other(Statement sql, String run, Random random) throws SQLException {
    String last =
        " WHERE run = '"
            + run
            + "' AND seq = (SELECT max(seq) FROM checkpoints WHERE run = '"
            + run
            + "')";
    boolean blobs =
        number(
                sql,
                "SELECT count(*) FROM events WHERE run = '"
                    + run
                    + "' AND data ->> '$.result.sha256' IS NOT NULL")
            > 0;
    return switch (blobs ? random.nextInt(4) : 3 * random.nextInt(2)) {
      case 0 ->
          changeText(
              sql,
              "checkpoints",
              List.of("hash", "at", "signature").get(random.nextInt(3)),
              last,
              random);
      case 1 ->
          done(
              sql,
              "UPDATE blobs SET bytes = CAST(bytes || 'x' AS BLOB) WHERE sha256 IN (SELECT data ->>"
                  + " '$.result.sha256' FROM events WHERE run = '"
                  + run
                  + "')");
      case 2 ->
          done(
              sql,
              "DELETE FROM blobs WHERE sha256 IN (SELECT data ->> '$.result.sha256' FROM events"
                  + " WHERE run = '"
                  + run
                  + "')");
      default ->
          done(
              sql,
              "INSERT INTO events (pos, run, seq, at, type, agent, key, data, prev, hash) SELECT"
                  + " (SELECT max(pos) + 1 FROM events), run, seq + 1, at, 'turn.started', 'main',"
                  + " 'forged', '{\"turn\":1}', hash, hash FROM events WHERE run = '"
                  + run
                  + "' ORDER BY"
                  + " seq DESC LIMIT 1");
    };
  }

  private static void dropTriggers(Statement sql) throws SQLException {
    List<String> names = new ArrayList<>();
    try (ResultSet rows =
        sql.executeQuery("SELECT name FROM sqlite_master WHERE type = 'trigger'")) {
      while (rows.next()) {
        names.add(rows.getString(1));
      }
    }
    for (String name : names) {
      sql.execute("DROP TRIGGER " + name);
    }
  }

  /** One character of a text becomes another. */
  private static String changeText(
      Statement sql, String table, String column, String where, Random random) throws SQLException {
    String text;
    try (ResultSet rows = sql.executeQuery("SELECT " + column + " FROM " + table + where)) {
      rows.next();
      text = rows.getString(1);
    }
    int at = random.nextInt(text.length());
    char other = (char) (' ' + random.nextInt(95));
    if (other == text.charAt(at)) {
      other = other == 'a' ? 'b' : 'a';
    }
    String edited = text.substring(0, at) + other + text.substring(at + 1);
    done(
        sql,
        "UPDATE " + table + " SET " + column + " = '" + edited.replace("'", "''") + "'" + where);
    return column + " of " + table + where + ": " + text.charAt(at) + " to " + other + " at " + at;
  }

  private static String swap(Statement sql, String run, int seq, Random random)
      throws SQLException {
    int other = seq == 1 ? 2 : 1 + random.nextInt(seq - 1);
    String of = " WHERE run = '" + run + "' AND seq = ";
    done(sql, "UPDATE events SET seq = -1" + of + seq);
    done(sql, "UPDATE events SET seq = " + seq + of + other);
    return done(sql, "UPDATE events SET seq = " + other + of + "-1") + " with " + seq;
  }

  private static String done(Statement sql, String statement) throws SQLException {
    if (sql.executeUpdate(statement) == 0) {
      throw new IllegalStateException("changed nothing: " + statement);
    }
    return statement;
  }

  private static long number(Statement sql, String query) throws SQLException {
    try (ResultSet rows = sql.executeQuery(query)) {
      rows.next();
      return rows.getLong(1);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    if (Files.exists(to)) {
      try (var all = Files.walk(to)) {
        for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
    try (var all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Files.copy(
            path, to.resolve(from.relativize(path).toString()), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  // ---- with every later hash made anew -----------------------------------------------------

  @Test
  void aWholeForgedInstallationIsFoundByWhoeverKeptACheckpoint() throws Exception {
    Random random = new Random(7);
    Path kept;
    Path shorter;
    String run;
    try (Sealed sealed = new Sealed(Files.createDirectories(folder.resolve("true")))) {
      run = sealed.run(random, 30, true);
      Path clean = sealed.export(run);
      kept = kept(sealed, run);
      assertThat(Sealed.verify(clean, sealed.audit.key().id(), kept).verified()).isTrue();
    }
    // The forger has the files, drops all guards, rewrites one event and every later hash, takes
    // the checkpoints away and lets the service sign anew: with its own key, and with another one.
    for (boolean ownKey : new boolean[] {true, false}) {
      Path home = folder.resolve("forged-" + ownKey);
      copy(folder.resolve("true"), home);
      Forger.rewrite(home, run, 5);
      if (ownKey) {
        Files.delete(home.resolve("keys").resolve("audit.key"));
      }
      try (Sealed sealed = new Sealed(home)) {
        Path forged = sealed.export(run);
        assertThat(Sealed.verify(forged).verified()).as("it fits together in itself").isTrue();
        Report report = Sealed.verify(forged, "", kept);
        assertThat(report.verified()).isFalse();
        assertThat(report.faults()).anyMatch(fault -> fault.part().equals("kept"));
      }
    }
    Path home = folder.resolve("cut");
    copy(folder.resolve("true"), home);
    Forger.cut(home, run, 20);
    try (Sealed sealed = new Sealed(home)) {
      shorter = sealed.export(run);
    }
    // By itself it shows nothing but, at most, that the tables know more than the log.
    assertThat(Sealed.verify(shorter).faults()).allMatch(fault -> fault.part().equals("tables"));
    assertThat(Sealed.verify(shorter, "", kept).faults())
        .anyMatch(fault -> fault.text().contains("the log was cut"));
  }

  private static Path kept(Sealed sealed, String run) throws IOException {
    Path file = sealed.home.resolve("kept.jsonl");
    List<Checkpoint> all = sealed.store.checkpoints().page(run, 0, 1000);
    Files.writeString(
        file,
        all.stream()
            .map(checkpoint -> CanonicalJson.write(checkpoint.anchorLine()) + "\n")
            .collect(Collectors.joining()));
    return file;
  }
}
