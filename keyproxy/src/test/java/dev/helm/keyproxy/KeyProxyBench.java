package dev.helm.keyproxy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Measures what the key proxy adds to a streamed call: time from the request's first byte to the
 * answer's first body byte, direct and through a proxy process, taking turns in one run. The fake
 * ledger answers at once and syncs nothing, so that the proxy's own part is seen.
 *
 * <p>Run it with the test class path: {@code dev.helm.keyproxy.KeyProxyBench [calls]}.
 */
public final class KeyProxyBench {
  private static final int BODY_BYTES = 50_000;
  private static final int WARM_CALLS = 600;

  private KeyProxyBench() {}

  /**
   * Prints one line for each number of concurrent streams, and how long the proxy took to start.
   */
  public static void main(String[] args) throws Exception {
    int calls = args.length > 0 ? Integer.parseInt(args[0]) : 300;
    try (Rig rig = new Rig((request, socket, out) -> Sse.send(out))) {
      long[] startsMs = new long[5];
      for (int i = 0; i < startsMs.length; i++) {
        try (KeyProxyProcess one = start(rig)) {
          startsMs[i] = one.readyMs;
        }
      }
      Arrays.sort(startsMs);
      System.out.println("start to ready ms " + Arrays.toString(startsMs));
      try (KeyProxyProcess proxy = start(rig)) {
        measure(proxy.port, 1, WARM_CALLS);
        measure(rig.upstream.port(), 1, WARM_CALLS);
        for (int streams : new int[] {1, 10, 100}) {
          report(streams, rig.upstream.port(), proxy.port, calls);
        }
        System.out.println("proxy memory " + memory(proxy));
      }
    }
  }

  private static KeyProxyProcess start(Rig rig) throws IOException {
    return KeyProxyProcess.start(
        "http://127.0.0.1:" + rig.upstream.port(),
        rig.folder.resolve("l.sock"),
        rig.folder.resolve("secret"));
  }

  private static void report(int streams, int directPort, int proxyPort, int calls)
      throws Exception {
    List<Long> direct = new ArrayList<>();
    List<Long> through = new ArrayList<>();
    for (int round = 0; round < 6; round++) {
      direct.addAll(measure(directPort, streams, calls / 6));
      through.addAll(measure(proxyPort, streams, calls / 6));
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

  private static List<Long> measure(int port, int streams, int calls) throws Exception {
    List<Long> all = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<List<Long>> one = () -> measureOne(port, Math.max(1, calls / streams));
      List<Future<List<Long>>> futures = new ArrayList<>();
      for (int i = 0; i < streams; i++) {
        futures.add(threads.submit(one));
      }
      for (Future<List<Long>> future : futures) {
        all.addAll(future.get());
      }
    }
    return all;
  }

  private static List<Long> measureOne(int port, int calls) throws Exception {
    String body = RawClient.BODY.replace("hello", "x".repeat(BODY_BYTES));
    byte[] request = Sse.bytes(RawClient.post(body));
    List<Long> nanos = new ArrayList<>();
    try (RawClient client = new RawClient(port)) {
      for (int i = 0; i < calls; i++) {
        long from = System.nanoTime();
        client.send(request);
        client.in.mark(1 << 16);
        int line = 0;
        for (int before = 0, c = client.in.read(); line < 2; before = c, c = client.in.read()) {
          line += c == 'e' && before == '\n' ? 2 : 0;
        }
        nanos.add(System.nanoTime() - from);
        client.in.reset();
        if (!client.read().whole()) {
          throw new IOException("an answer was cut");
        }
      }
    }
    return nanos;
  }

  private static String memory(KeyProxyProcess proxy) throws IOException {
    return java.nio.file.Files.readAllLines(
            java.nio.file.Path.of("/proc/" + proxy.pid() + "/status"))
        .stream()
        .filter(line -> line.startsWith("VmRSS"))
        .findFirst()
        .orElse("unknown");
  }
}
