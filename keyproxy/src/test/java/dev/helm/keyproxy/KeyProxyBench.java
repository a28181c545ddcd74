package dev.helm.keyproxy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Measures what the key proxy adds to a streamed call: time from the request's first byte to the
 * answer's first body byte, direct and through a proxy process, taking turns in one run. With one
 * stream the answer comes at once; several ones last half a second each, as a model's do.
 *
 * <p>Run it with the test class path: {@code dev.helm.keyproxy.KeyProxyBench [calls [LEDGER SECRET
 * TOKEN]]}. Without a ledger's socket, the file of its secret and a run's token, a ledger of its
 * own answers at once and syncs nothing, so that the proxy's own part is seen.
 */
public final class KeyProxyBench {
  private static final int BODY_BYTES = 50_000;
  private static final int WARM_CALLS = 600;
  private static final int ROUNDS = 6;
  private static final int CHUNKS = 25;
  private static final int CHUNK_MS = 20;

  private final String token;
  private volatile boolean paced;

  private KeyProxyBench(String token) {
    this.token = token;
  }

  /**
   * Prints one line for each number of concurrent streams, how long the proxy took to start, and
   * the load.
   */
  public static void main(String[] args) throws Exception {
    int calls = args.length > 0 ? Integer.parseInt(args[0]) : 300;
    new KeyProxyBench(args.length > 3 ? args[3] : "run-token").run(calls, args);
  }

  private void run(int calls, String... args) throws Exception {
    System.out.print("load " + Files.readString(Path.of("/proc/loadavg")));
    System.out.printf(Locale.ROOT, "search for the key %.1f ns a byte%n", searchNanosPerByte());
    try (Rig rig = new Rig((request, socket, out) -> {})) {
      Path ledger = args.length > 3 ? Path.of(args[1]) : rig.folder.resolve("l.sock");
      Path secret = args.length > 3 ? Path.of(args[2]) : rig.folder.resolve("secret");
      rig.upstream.answer =
          (request, socket, out) -> {
            rig.upstream.requests.clear();
            rig.ledger.lines.clear();
            answer(out);
          };
      String upstream = "http://127.0.0.1:" + rig.upstream.port();
      long[] startsMs = new long[5];
      for (int i = 0; i < startsMs.length; i++) {
        try (KeyProxyProcess one = KeyProxyProcess.start(upstream, ledger, secret)) {
          startsMs[i] = one.readyMs;
        }
      }
      Arrays.sort(startsMs);
      System.out.println("start to ready ms " + Arrays.toString(startsMs));
      try (KeyProxyProcess proxy = KeyProxyProcess.start(upstream, ledger, secret)) {
        measure(proxy.port, 1, WARM_CALLS);
        measure(rig.upstream.port(), 1, WARM_CALLS);
        measure(proxy.port, 10, WARM_CALLS);
        for (int streams : new int[] {1, 10, 100}) {
          paced = streams > 1;
          report(streams, rig.upstream.port(), proxy.port, Math.max(calls, 6 * streams));
          System.out.println("proxy memory " + memory(proxy));
        }
      }
    }
    System.out.print("load " + Files.readString(Path.of("/proc/loadavg")));
  }

  private static double searchNanosPerByte() {
    byte[] text = Sse.bytes(Sse.whole(500));
    KeyScan scan = new KeyScan(new KeyPatterns(Sse.bytes(Rig.KEY)));
    long bestNanos = Long.MAX_VALUE;
    for (int i = 0; i < 200; i++) {
      long from = System.nanoTime();
      if (scan.take(text, 0, text.length)) {
        throw new IllegalStateException("the key is not in this text");
      }
      bestNanos = Math.min(bestNanos, System.nanoTime() - from);
    }
    return (double) bestNanos / text.length;
  }

  private void answer(OutputStream out) throws Exception {
    if (!paced) {
      Sse.send(out);
      return;
    }
    out.write(Sse.bytes(Sse.HEAD));
    Sse.chunk(out, Sse.start());
    for (int i = 0; i < CHUNKS; i++) {
      TimeUnit.MILLISECONDS.sleep(CHUNK_MS);
      Sse.chunk(out, Sse.delta("some words "));
    }
    Sse.chunk(out, Sse.end(932));
    out.write(Sse.bytes("0\r\n\r\n"));
  }

  private void report(int streams, int directPort, int proxyPort, int calls) throws Exception {
    List<Long> direct = new ArrayList<>();
    List<Long> through = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      direct.addAll(measure(directPort, streams, calls / ROUNDS));
      through.addAll(measure(proxyPort, streams, calls / ROUNDS));
    }
    System.out.printf(
        Locale.ROOT,
        "streams %d calls %d first byte ms p50/p99: direct %.2f/%.2f, proxy %.2f/%.2f, added p50"
            + " %.2f p99 %.2f, ratio p50 %.2f%n",
        streams,
        through.size(),
        at(direct, 50),
        at(direct, 99),
        at(through, 50),
        at(through, 99),
        at(through, 50) - at(direct, 50),
        at(through, 99) - at(direct, 99),
        at(through, 50) / at(direct, 50));
  }

  private static double at(List<Long> nanos, int percent) {
    List<Long> sorted = nanos.stream().sorted().toList();
    return sorted.get(Math.min(sorted.size() - 1, sorted.size() * percent / 100)) / 1e6;
  }

  private List<Long> measure(int port, int streams, int calls) throws Exception {
    List<Long> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<Long>>> futures = new ArrayList<>();
      for (int i = 0; i < streams; i++) {
        // Their starts are spread over one stream's length.
        long waitMs = paced ? (long) CHUNKS * CHUNK_MS * i / streams : 0;
        futures.add(
            threads.submit(
                () -> {
                  TimeUnit.MILLISECONDS.sleep(waitMs);
                  return measureOne(port, Math.max(1, calls / streams));
                }));
      }
      for (Future<List<Long>> future : futures) {
        all.addAll(future.get());
      }
    }
    return all;
  }

  private List<Long> measureOne(int port, int calls) throws Exception {
    String body = RawClient.BODY.replace("hello", "x".repeat(BODY_BYTES));
    String model = body.replace("claude-test-1", "claude-sonnet-4-5");
    byte[] request =
        Sse.bytes(RawClient.post("/v1/messages", "x-api-key: " + token + "\r\n", model));
    List<Long> nanos = new ArrayList<>();
    try (RawClient client = new RawClient(port)) {
      for (int i = 0; i < calls; i++) {
        long from = System.nanoTime();
        client.send(request);
        client.in.mark(1 << 16);
        int line = 0;
        for (int before = 0, c = client.in.read(); line < 2; before = c, c = client.in.read()) {
          if (c < 0) {
            throw new IOException("no answer");
          }
          line += c == 'e' && before == '\n' ? 2 : 0;
        }
        nanos.add(System.nanoTime() - from);
        client.in.reset();
        RawClient.Answer answer = client.read();
        if (!answer.whole() || answer.status() != 200) {
          throw new IOException("not answered: " + answer.head() + answer.text());
        }
      }
    }
    return nanos;
  }

  private static String memory(KeyProxyProcess proxy) throws IOException {
    return String.join(
        ", ",
        Files.readAllLines(Path.of("/proc/" + proxy.pid() + "/status")).stream()
            .filter(line -> line.startsWith("VmRSS") || line.startsWith("VmHWM"))
            .map(line -> line.replaceAll("\\s+", " "))
            .toList());
  }
}
