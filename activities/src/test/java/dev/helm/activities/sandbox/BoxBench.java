package dev.helm.activities.sandbox;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a box costs: opening and closing by place, one line there and back, and the memory of a
 * container that holds one idle program. Prints one JSON object; times are in microseconds. Needs
 * HELM_TEST_DOCKER_HOST and HELM_TEST_IMAGE.
 */
public final class BoxBench {
  private static final String MEMORY =
      "cat /sys/fs/cgroup/memory.current 2>/dev/null"
          + " || cat /sys/fs/cgroup/memory/memory.usage_in_bytes";

  private BoxBench() {}

  /** Arguments: rounds (default 20), an image's id (default: the default one). */
  public static void main(String[] arguments) throws Exception {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 20;
    String image = arguments.length > 1 ? arguments[1] : null;
    try (TestEngine machine = TestEngine.open(0, List.of());
        DockerSandbox sandbox = machine.sandbox(machine.store())) {
      String run = TestEngine.newRun();
      sandbox.claim(run);
      System.out.printf(
          Locale.ROOT,
          "{\"unit\":\"us\",\"run\":%s,\"own\":%s,\"ownReading\":%s,\"line\":%s,\"ownMemoryBytes\":%s}%n",
          opened(sandbox, BoxSpec.inRun(run, "b", List.of("cat")), rounds),
          opened(sandbox, own(run, image, List.of("cat")), rounds),
          opened(sandbox, BoxSpec.ownReading(run, "b", List.of("cat")), rounds),
          lines(sandbox, BoxSpec.inRun(run, "b", List.of("cat")), 50 * rounds),
          memory(sandbox, own(run, image, List.of("sh", "-c", "read x; " + MEMORY))));
    }
  }

  private static BoxSpec own(String run, @Nullable String image, List<String> argv) {
    return BoxSpec.own(run, "b", argv).withImage(image);
  }

  private static String opened(DockerSandbox sandbox, BoxSpec spec, int rounds) {
    long[] open = new long[rounds];
    long[] close = new long[rounds];
    for (int i = 0; i < rounds; i++) {
      long start = System.nanoTime();
      Box box = sandbox.boxes().open(spec);
      open[i] = System.nanoTime() - start;
      start = System.nanoTime();
      box.close();
      close[i] = System.nanoTime() - start;
      box.end().join();
    }
    return "{\"open\":" + spread(open) + ",\"close\":" + spread(close) + "}";
  }

  private static String lines(DockerSandbox sandbox, BoxSpec spec, int rounds) throws Exception {
    long[] all = new long[rounds];
    byte[] line =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n".getBytes(StandardCharsets.UTF_8);
    try (Box box = sandbox.boxes().open(spec)) {
      for (int i = 0; i < rounds; i++) {
        long start = System.nanoTime();
        box.in().write(line);
        box.out().readNBytes(line.length);
        all[i] = System.nanoTime() - start;
      }
    }
    return spread(all);
  }

  private static String memory(DockerSandbox sandbox, BoxSpec spec) throws Exception {
    try (Box box = sandbox.boxes().open(spec)) {
      box.in().write('\n');
      return new BufferedReader(new InputStreamReader(box.out(), StandardCharsets.UTF_8))
          .readLine();
    }
  }

  private static String spread(long[] nanos) {
    Arrays.sort(nanos);
    return String.format(
        Locale.ROOT,
        "{\"p50\":%d,\"p95\":%d}",
        nanos[nanos.length / 2] / 1000,
        nanos[nanos.length * 95 / 100] / 1000);
  }
}
