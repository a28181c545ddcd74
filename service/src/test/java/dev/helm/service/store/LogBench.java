package dev.helm.service.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/**
 * P4: events a second with synchronous=FULL and group commit, beside the same work in Python's
 * sqlite3 with batches of the size that the writer formed, and the raw fsync floor; interleaved
 * rounds, medians, one ratio. Arguments: seconds a round, rounds, appending threads.
 */
public final class LogBench {
  private static final int TEXT_CHARS = 400;

  private static final String PYTHON =
      """
      import sqlite3, sys, json, hashlib, time, datetime
      path, schema, batch, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
      db = sqlite3.connect(path, isolation_level=None, cached_statements=100)
      for p in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
          db.execute("PRAGMA " + p)
      for s in open(schema).read().strip().split("\\n--;"):
          if s.strip(): db.execute(s)
      run = "a" * 32
      db.execute("INSERT INTO blueprints VALUES ('b',1,'h','p','u','t','d','{}')")
      db.execute("INSERT INTO runs (id,n,name,project,principal,by_name,blueprint,"
        "blueprint_version,practice,input,epoch,status,cap_micros,created_at) VALUES"
        " (?,1,'n','p','u','o','b',1,0,'{}',1,'queued',0,'t')", (run,))
      prev, seq, text = "0" * 64, 0, "x" * %d
      end = time.perf_counter() + seconds
      start = time.perf_counter()
      while time.perf_counter() < end:
          db.execute("BEGIN IMMEDIATE")
          at = datetime.datetime.utcnow().strftime("%%Y-%%m-%%dT%%H:%%M:%%S.000Z")
          for i in range(batch):
              seq += 1
              key = "k/" + str(seq)
              db.execute("SAVEPOINT unit")
              data = {"offset": 0, "text": text, "toolUseId": "tu_1"}
              body = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
              db.execute("SELECT seq, type, agent, data FROM events WHERE run=? AND key=?",
                (run, key)).fetchone()
              whole = json.dumps({"agent": "main", "at": at, "data": data, "prev": prev,
                "run": run, "seq": seq, "type": "tool.output"}, sort_keys=True,
                separators=(",", ":"), ensure_ascii=False)
              h = hashlib.sha256(whole.encode()).hexdigest()
              db.execute("INSERT INTO events (pos,run,seq,at,type,agent,key,data,prev,hash)"
                " VALUES (?,?,?,?,?,?,?,?,?,?)",
                (seq, run, seq, at, "tool.output", "main", key, body, prev, h))
              prev = h
              db.execute("RELEASE unit")
          db.execute("COMMIT")
      print(seq / (time.perf_counter() - start))
      """
          .formatted(TEXT_CHARS);

  private LogBench() {}

  /** Runs the comparison and prints it. */
  public static void main(String[] args) throws Exception {
    double seconds = args.length > 0 ? Double.parseDouble(args[0]) : 3;
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 3;
    int threads = args.length > 2 ? Integer.parseInt(args[2]) : 256;
    double[] helm = new double[rounds];
    double[] python = new double[rounds];
    double[] fsync = new double[rounds];
    helm(1, threads);
    for (int i = 0; i < rounds; i++) {
      Result result = helm(seconds, threads);
      helm[i] = result.perSecond();
      python[i] = python(seconds, Math.max(1, (int) Math.round(result.batch())));
      fsync[i] = fsync(seconds / 3);
      say(
          "round %d: helm %.0f/s in batches of %.1f, python %.0f/s, raw fsync %.0f/s",
          i + 1, helm[i], result.batch(), python[i], fsync[i]);
    }
    double ratio = median(helm) / median(python);
    say(
        "P4 medians: helm %.0f events/s, python sqlite3 %.0f events/s, ratio %.2f,"
            + " raw fsync floor %.0f/s",
        median(helm), median(python), ratio, median(fsync));
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }

  private record Result(double perSecond, double batch) {}

  private static Result helm(double seconds, int threads) throws Exception {
    Path home = Files.createTempDirectory("helm-bench");
    AtomicLong commits = new AtomicLong();
    AtomicLong events = new AtomicLong();
    try (Store store = Store.open(home, Clock.systemUTC());
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      String run = StoreFixture.run(store);
      store.onCommit(
          list -> {
            commits.incrementAndGet();
            events.addAndGet(list.size());
          });
      String text = "x".repeat(TEXT_CHARS);
      long start = System.nanoTime();
      long end = start + (long) (seconds * 1e9);
      for (int thread = 0; thread < threads; thread++) {
        int name = thread;
        pool.submit(
            () -> {
              for (int i = 0; System.nanoTime() < end; i++) {
                store.log().append(run, List.of(StoreFixture.output(name + "/" + i, text)));
              }
            });
      }
      pool.shutdown();
      pool.awaitTermination(1, java.util.concurrent.TimeUnit.HOURS);
      double took = (System.nanoTime() - start) / 1e9;
      return new Result(events.get() / took, (double) events.get() / commits.get());
    } finally {
      delete(home);
    }
  }

  private static double python(double seconds, int batch) throws Exception {
    Path home = Files.createTempDirectory("helm-bench-py");
    try (InputStream schema = LogBench.class.getResourceAsStream("/schema/001.sql")) {
      Path script = Files.writeString(home.resolve("bench.py"), PYTHON);
      Path sql = home.resolve("schema.sql");
      Files.write(sql, java.util.Objects.requireNonNull(schema).readAllBytes());
      Process child =
          new ProcessBuilder(
                  "python3",
                  "-W",
                  "ignore",
                  script.toString(),
                  home.resolve("py.db").toString(),
                  sql.toString(),
                  String.valueOf(batch),
                  String.valueOf(seconds))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      String out = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      child.waitFor();
      return Double.parseDouble(out.strip());
    } finally {
      delete(home);
    }
  }

  private static double fsync(double seconds) throws IOException {
    Path file = Files.createTempFile("helm-bench", ".raw");
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
      byte[] bytes = new byte[4096];
      long start = System.nanoTime();
      long end = start + (long) (seconds * 1e9);
      long count = 0;
      while (System.nanoTime() < end) {
        out.write(ByteBuffer.wrap(bytes));
        out.force(false);
        count++;
      }
      return count / ((System.nanoTime() - start) / 1e9);
    } finally {
      Files.delete(file);
    }
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static void delete(Path tree) throws IOException {
    try (var paths = Files.walk(tree)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
