package dev.helm.service.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.LoggedEvent;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SIGKILL at random moments: what was acknowledged is there, in its place, exactly once. */
class KillTest {
  @TempDir Path home;

  /** The process that is killed: many threads append, each acknowledgement is a line. */
  public static final class Writer {
    private Writer() {}

    /** Argument: the home directory. */
    public static void main(String[] args) {
      Store store = Store.open(Path.of(args[0]), Clock.systemUTC());
      List<String> runs = store.queries().activeRunIds();
      String run = runs.isEmpty() ? StoreFixture.run(store) : runs.getFirst();
      String life = dev.helm.api.RunId.random().shown() + System.nanoTime();
      for (int thread = 0; thread < 8; thread++) {
        int name = thread;
        Thread.ofPlatform()
            .start(
                () -> {
                  for (int i = 0; ; i++) {
                    String text = life + "/" + name + "/" + i;
                    long seq =
                        store
                            .log()
                            .append(run, List.of(StoreFixture.output(text, text)))
                            .getFirst();
                    System.out.println("ack " + seq + " " + text);
                  }
                });
      }
    }
  }

  @Test
  void twentyKillsLoseNothing() throws Exception {
    kill(20);
  }

  @Test
  @Tag("campaign")
  void aThousandKillsLoseNothing() throws Exception {
    kill(1_000);
  }

  private void kill(int times) throws Exception {
    long seed = System.nanoTime();
    System.out.println("kill seed " + seed);
    Random random = new Random(seed);
    Map<Long, String> acked = new HashMap<>();
    for (int i = 0; i < times; i++) {
      life(1 + random.nextInt(300), random.nextInt(20), acked);
      if (i % 10 == 9 || i == times - 1) {
        check(acked);
      }
    }
    System.out.println(times + " kills, " + acked.size() + " acknowledged events");
  }

  private void life(int acksWanted, int extraMs, Map<Long, String> acked) throws Exception {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Writer.class.getName(),
                home.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out =
        new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
      long killAt = Long.MAX_VALUE;
      int acks = 0;
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        String[] parts = line.split(" ", -1);
        // A line that the kill cut off acknowledged nothing.
        if (parts.length == 3 && parts[0].equals("ack") && parts[2].split("/", -1).length == 3) {
          acked.put(Long.parseLong(parts[1]), parts[2]);
          acks++;
        }
        if (acks >= acksWanted && killAt == Long.MAX_VALUE) {
          killAt = System.nanoTime() + extraMs * 1_000_000L;
        }
        if (System.nanoTime() >= killAt) {
          // The handle, since Process.destroyForcibly closes the stream that is read here.
          child.toHandle().destroyForcibly();
        }
      }
    }
    child.waitFor();
  }

  private void check(Map<Long, String> acked) {
    try (Store store = Store.open(home, Clock.systemUTC())) {
      String run = store.queries().activeRunIds().getFirst();
      List<LoggedEvent> all = new ArrayList<>();
      while (true) {
        List<LoggedEvent> page =
            store.queries().events(Access.system(), run, all.size(), 1000, Set.of()).items();
        if (page.isEmpty()) {
          break;
        }
        all.addAll(page);
      }
      RunLogTest.verifyChain(all);
      acked.forEach(
          (seq, text) -> {
            String stored = String.valueOf(all.get((int) (seq - 1)).data().get("text"));
            // The last line of a life may have lost its end.
            assertThat(stored).startsWith(text);
          });
    }
  }
}
