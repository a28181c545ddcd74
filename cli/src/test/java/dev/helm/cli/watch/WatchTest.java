package dev.helm.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.RunStatus;
import dev.helm.cli.Context;
import dev.helm.cli.Helm;
import dev.helm.cli.Out;
import dev.helm.cli.demo.DemoStory;
import dev.helm.cli.http.Json;
import dev.helm.cli.render.Paint;
import dev.helm.cli.testing.Story;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class WatchTest {
  private final TestService service = new TestService();
  private final Story story = new Story(service::append);
  private Terminal terminal;

  @TempDir Path home;

  @BeforeEach
  void begin() {
    terminal = new Terminal(home, service.url());
    service.on("GET /api/runs/4f3a", _ -> TestService.json(run()));
    service.on("GET /api/runs/" + Story.RUN, _ -> TestService.json(run()));
    service.on("POST /api/runs", _ -> new TestService.Answer(201, run()));
  }

  @AfterEach
  void end() {
    service.close();
  }

  private static String run() {
    return Json.write(
        Map.of(
            "id",
            Story.RUN,
            "name",
            "q1-competitor-brief",
            "status",
            RunStatus.RUNNING.word(),
            "blueprint",
            "q1-competitor-brief@1",
            "practice",
            true,
            "budgetUsd",
            "5.000000",
            "spentUsd",
            "0.420000",
            "createdAt",
            "2099-03-02T14:02:11.000Z"));
  }

  @Test
  void aPipeGetsPlainLinesAndTheOutcomesExitCode() {
    story
        .created()
        .requested("a", "WebFetch", "stripe.com/blog", "{}")
        .started("a", "WebFetch", "rule")
        .finished("a", "WebFetch", "ok", "47 KB")
        .add("run.finished", "outcome", "succeeded");
    assertThat(terminal.helm("watch", "4f3a")).isZero();
    assertThat(terminal.data().get(0)).startsWith("Practice model: ");
    assertThat(terminal.data().get(1)).isEqualTo("Live · run #4f3a · q1-competitor-brief");
    assertThat(terminal.data())
        .filteredOn(line -> line.endsWith("WebFetch · stripe.com/blog"))
        .hasSize(1);
    assertThat(terminal.data().getLast())
        .endsWith("succeeded · 00:00:00 · $0.00 / $5.00 · 5 events");
  }

  @Test
  void sinceLeavesOutWhatWasBeforeAndSaysHowMuch() {
    story
        .created()
        .message(1, "early words")
        .at("14:30:00")
        .message(2, "late words")
        .add("run.finished", "outcome", "succeeded");
    assertThat(terminal.helm("watch", "4f3a", "--since", "2026-03-02T14:30:00Z")).isZero();
    assertThat(terminal.words()).contains("2 earlier events not shown.");
    assertThat(terminal.data()).anyMatch(line -> line.contains("late words"));
    assertThat(terminal.data()).noneMatch(line -> line.contains("early words"));
    Terminal json = new Terminal(home, service.url());
    assertThat(json.helm("watch", "4f3a", "--since", "2026-03-02T14:30:00Z", "--json")).isZero();
    assertThat(json.data()).hasSize(2);
    assertThat(terminal.helm("watch", "4f3a", "--since", "nonsense")).isEqualTo(2);
  }

  private void logged() {
    List<Object> events = new ArrayList<>();
    new Story(event -> events.add(Json.read(Watch.written(event))))
        .created()
        .message(1, "one")
        .at("14:02:13")
        .message(2, "two")
        .at("15:40:00")
        .message(3, "three");
    service.on(
        "GET /api/runs/" + Story.RUN + "/events",
        request ->
            TestService.json(
                Json.write(
                    Map.of(
                        "items",
                        request.target().contains("after=0") ? events : List.of(),
                        "last",
                        4))));
  }

  @Test
  void aReplayTakesItsTimeAndFoldsLongPauses() {
    logged();
    long began = System.nanoTime();
    assertThat(terminal.helm("watch", "4f3a", "--replay", "--speed", "2")).isZero();
    // 2 s at double speed, then the hour and a half folded to 3 s.
    assertThat(System.nanoTime() - began).isGreaterThan(3_900_000_000L);
    assertThat(terminal.data()).anyMatch(line -> line.strip().equals("97 min later"));
    assertThat(terminal.data().getLast()).endsWith("three");
    assertThat(terminal.words()).contains("End of the replay: event 4 of 4.");
    assertThat(service.streamsOpened()).as("nothing is followed").isZero();
  }

  @Test
  void aReplayOfJsonIsTheLog() {
    logged();
    assertThat(terminal.helm("watch", "4f3a", "--replay", "--speed", "1000", "--json")).isZero();
    assertThat(terminal.data()).hasSize(4);
    assertThat(terminal.helm("watch", "4f3a", "--speed", "2")).isEqualTo(2);
    for (String speed : new String[] {"0", "-1", "NaN", "1e9", "fast"}) {
      assertThat(terminal.helm("watch", "4f3a", "--replay", "--speed", speed))
          .as(speed)
          .isEqualTo(2);
    }
  }

  @Test
  void aReaderThatHasGoneEndsTheWatch() {
    story.created().message(1, "one").message(2, "two");
    OutputStream closing =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    Out before = terminal.context().out();
    Out gone =
        new Out(new PrintStream(closing, true), before.words(), Paint.NONE, Paint.NONE, 0, false);
    Context context = new Context(terminal.env(), gone, InputStream.nullInputStream());
    // The run has no end: only the reader's can end this.
    assertThat(Helm.run(new String[] {"watch", "4f3a"}, context)).isZero();
    assertThat(Helm.run(new String[] {"watch", "4f3a", "--json"}, context)).isZero();
  }

  @Test
  void aFailedRunFails() {
    story.created().add("run.finished", "outcome", "failed", "reason", "x");
    assertThat(terminal.helm("watch", "4f3a")).isEqualTo(1);
  }

  @Test
  void anOpenPermissionSaysWhatToType() throws InterruptedException {
    story.created().asked("p1", "c");
    Thread ends =
        Thread.ofVirtual()
            .start(
                () -> {
                  long until = System.nanoTime() + 20_000_000_000L;
                  while (terminal.words().isEmpty() && System.nanoTime() < until) {
                    Thread.onSpinWait();
                  }
                  story.add("run.finished", "outcome", "cancelled");
                });
    assertThat(terminal.helm("watch", "4f3a")).isEqualTo(1);
    ends.join();
    assertThat(terminal.words()).containsExactly("helm allow 4f3a · helm deny 4f3a");
  }

  @Test
  void jsonIsTheLogEventByEvent() {
    story.created().add("run.finished", "outcome", "succeeded");
    assertThat(terminal.helm("watch", "4f3a", "--json")).isZero();
    assertThat(terminal.data())
        .hasSize(2)
        .first()
        .asString()
        .startsWith("{\"agent\":\"main\",\"at\":\"2026-03-02T14:02:11.000Z\",\"data\":{");
  }

  @Test
  void theDemoPlaysThePersonsPart() throws IOException, InterruptedException {
    Path blueprint = Files.writeString(home.resolve("b.yaml"), "name: q1-competitor-brief\n");
    service.on(
        "PUT /api/blueprints/q1-competitor-brief",
        _ -> TestService.json("{\"name\":\"q1-competitor-brief\",\"version\":1}"));
    service.on(
        "POST /api/runs/" + Story.RUN + "/messages",
        _ -> {
          story
              .add(
                  "message.queued",
                  "messageId",
                  "m",
                  "text",
                  DemoStory.STEERING,
                  "when",
                  "next",
                  "by",
                  "owner")
              .requested("c", "SendEmail", "\"Q1\" → leadership@", Story.MAIL)
              .asked("p1", "c");
          return TestService.json("{\"id\":\"m\",\"state\":\"queued\"}");
        });
    service.on(
        "POST /api/permissions/p1",
        _ -> {
          story
              .decided("p1", "c", "allow", "owner")
              .finished("c", "SendEmail", "ok", "sent")
              .add("run.finished", "outcome", "succeeded");
          return TestService.json("{\"id\":\"p1\",\"state\":\"decided\"}");
        });
    story.created();
    Thread writes =
        Thread.ofVirtual()
            .start(
                () -> {
                  awaitStream();
                  story
                      .requested("b", "WriteRow", "competitive_intel.csv · 142 entries", "{}")
                      .started("b", "WriteRow", "rule")
                      .finished("b", "WriteRow", "ok", "written");
                });
    assertThat(
            new DemoStory(terminal.context(), new DemoStory.Options(true, true, false, blueprint))
                .play()
                .code())
        .isZero();
    writes.join();
    assertThat(terminal.data())
        .contains("You " + DemoStory.STEERING, "Permission requested", "Allow Deny");
    assertThat(terminal.words())
        .anyMatch(line -> line.contains("practice model"))
        .contains(
            "The demo plays the person: it steers.",
            "The demo plays the person: it allows this.",
            "│ to: leadership@demo.test",
            "│ see the table.")
        .anyMatch(line -> line.startsWith("The log    helm watch 4f3a"));
    assertThat(service.asked("POST /api/permissions/p1").getFirst().body())
        .contains("\"decision\":\"allow\"");
  }

  private void awaitStream() {
    long until = System.nanoTime() + 20_000_000_000L;
    while (service.streamsOpened() == 0 && System.nanoTime() < until) {
      Thread.onSpinWait();
    }
  }
}
