package dev.helm.cli.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.cli.ExitCode;
import dev.helm.cli.testing.Story;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class StreamClientTest {
  private final TestService service = new TestService();
  private final BlockingQueue<StreamSignal> signals = new LinkedBlockingQueue<>();
  private final List<String> hashes = new ArrayList<>();
  private final Story story =
      new Story(
          event -> {
            hashes.add(event.hash());
            service.append(event);
          });

  @TempDir Path home;

  @AfterEach
  void end() {
    service.close();
  }

  private StreamClient stream(long after) {
    HelmClient client = HelmClient.of(new Terminal(home, service.url()).env());
    return new StreamClient(client, Story.RUN, after, signals::add);
  }

  private StreamSignal next() throws InterruptedException {
    StreamSignal signal = signals.poll(20, TimeUnit.SECONDS);
    assertThat(signal).as("a signal within 20 s").isNotNull();
    return signal;
  }

  @Test
  void replayThenSeamThenLiveTextAndEvents() throws InterruptedException {
    story.created().add("turn.started", "turn", 1);
    try (StreamClient _ = stream(0)) {
      assertThat(next()).isInstanceOf(StreamSignal.Logged.class);
      assertThat(next()).isInstanceOf(StreamSignal.Logged.class);
      assertThat(next()).isEqualTo(new StreamSignal.CaughtUp(2));
      service.frame(Map.of("op", "ping"));
      service.frame(Map.of("op", "something new"));
      service.frame(
          Map.of(
              "op",
              "delta",
              "run",
              Story.RUN,
              "type",
              "model.delta",
              "agent",
              "main",
              "turn",
              1,
              "attempt",
              1,
              "text",
              "Pull"));
      assertThat(next())
          .isInstanceOfSatisfying(
              StreamSignal.Live.class, live -> assertThat(live.delta().text()).isEqualTo("Pull"));
      story.message(1, "Pulling");
      assertThat(next())
          .isInstanceOfSatisfying(
              StreamSignal.Logged.class, logged -> assertThat(logged.event().seq()).isEqualTo(3));
    }
  }

  @Test
  void resumesAfterWhatIsKnown() throws InterruptedException {
    story.created().add("turn.started", "turn", 1).message(1, "x");
    try (StreamClient _ = stream(2)) {
      assertThat(next())
          .isInstanceOfSatisfying(
              StreamSignal.Logged.class, logged -> assertThat(logged.event().seq()).isEqualTo(3));
    }
  }

  @Test
  void twentyCutConnectionsLoseAndRepeatNothing() throws InterruptedException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    story.created();
    List<String> got = new ArrayList<>();
    try (StreamClient _ = stream(0)) {
      int cuts = 0;
      while (cuts < 20 || got.size() < hashes.size()) {
        if (cuts < 20) {
          for (int i = random.nextInt(5); i >= 0; i--) {
            story.message(cuts, "x".repeat(random.nextInt(70_000)));
          }
          cuts += service.cutStreams() > 0 ? 1 : 0;
        }
        StreamSignal signal = signals.poll(cuts < 20 ? 20 : 20_000, TimeUnit.MILLISECONDS);
        if (signal instanceof StreamSignal.Logged logged) {
          got.add(logged.event().hash());
        }
        assertThat(signal instanceof StreamSignal.Failed).as("seed %d", seed).isFalse();
        assertThat(cuts < 20 || signal != null).as("seed %d: all events come", seed).isTrue();
      }
    }
    assertThat(got).as("seed %d", seed).isEqualTo(hashes);
    // Every cut stream had been opened; the last cut may come when all is delivered already.
    assertThat(service.streamsOpened()).isGreaterThanOrEqualTo(20);
  }

  @Test
  void aGapIsAskedForAgain() throws InterruptedException {
    story.created();
    try (StreamClient _ = stream(0)) {
      next();
      assertThat(next()).isInstanceOf(StreamSignal.CaughtUp.class);
      List<Map<String, Object>> later =
          List.of(
              Map.of(
                  "run",
                  Story.RUN,
                  "seq",
                  9,
                  "at",
                  "2026-03-02T14:02:11.000Z",
                  "type",
                  "turn.started",
                  "agent",
                  "main",
                  "data",
                  Map.of("turn", 1),
                  "prev",
                  "",
                  "hash",
                  ""));
      service.frame(Map.of("op", "events", "events", later, "pos", 9));
      assertThat(next()).isInstanceOf(StreamSignal.Lost.class);
      story.message(1, "the real second event");
      StreamSignal signal = next();
      while (!(signal instanceof StreamSignal.Logged logged)) {
        signal = next();
      }
      assertThat(logged.event().seq()).isEqualTo(2);
    }
  }

  @Test
  void anUnknownRunEndsIt() throws InterruptedException {
    try (StreamClient _ = stream(0)) {
      assertThat(next()).isInstanceOf(StreamSignal.CaughtUp.class);
      service.frame(Map.of("op", "error", "code", "not_found", "message", "there is no such run"));
      assertThat(next())
          .isInstanceOfSatisfying(
              StreamSignal.Failed.class,
              failed -> assertThat(failed.failure().exit()).isEqualTo(ExitCode.NOT_FOUND));
    }
  }

  @Test
  void nobodyThereIsToldAtOnce() throws InterruptedException {
    service.close();
    try (StreamClient _ = stream(0)) {
      assertThat(next())
          .isInstanceOfSatisfying(
              StreamSignal.Failed.class,
              failed -> assertThat(failed.failure().exit()).isEqualTo(ExitCode.UNREACHABLE));
    }
  }
}
