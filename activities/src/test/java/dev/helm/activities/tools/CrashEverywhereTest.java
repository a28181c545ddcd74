package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.run.Plans;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The process dies at each point of a call, one after the other: before and after each commit, each
 * start of a command, each acknowledgement. However it dies, there is one effect, or none and a
 * question.
 */
@Timeout(60)
class CrashEverywhereTest {
  private static final String OUTPUT = "aé€😀b\nlast";

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void oneEffectHoweverItDies(boolean asks) {
    int deaths = 0;
    for (int n = 1; ; n++) {
      try (ToolRig rig =
          new ToolRig(
              asks ? Plans.rules(List.of(), List.of("Bash"), List.of()) : Plans.open(),
              "Bash",
              "{\"command\":\"ls\"}")) {
        rig.sandbox.prints(OUTPUT.getBytes(StandardCharsets.UTF_8), 4);
        rig.store.crashes.at(n);
        Reply reply = rig.stepUntilDone(new Phase.Asked());
        if (asks) {
          reply = rig.stepUntilDone(rig.allow(reply, rig.hash()));
        }
        if (rig.store.crashes.pending()) {
          break;
        }
        deaths++;
        assertThat(rig.told(reply)).as("death %d", n).isEqualTo(OUTPUT);
        assertThat(rig.sandbox.begun).as("death %d", n).hasSize(1);
        assertThat(rig.store.all(RunEvent.ToolStarted.class)).as("death %d", n).hasSize(1);
        assertThat(rig.store.all(RunEvent.ToolFinished.class)).as("death %d", n).hasSize(1);
        assertThat(rig.store.all(RunEvent.PermissionDecided.class)).hasSize(asks ? 1 : 0);
        StringBuilder shown = new StringBuilder();
        rig.store
            .all(RunEvent.ToolOutput.class)
            .forEach(event -> shown.append(rig.store.text(event.text())));
        assertThat(shown.toString()).as("death %d", n).isEqualTo(OUTPUT);
      }
    }
    assertThat(deaths).isGreaterThan(10);
  }

  @Test
  void withTheContainerGoneTooItIsOneEffectOrAQuestion() {
    for (int n = 1; ; n++) {
      try (ToolRig rig = new ToolRig(Plans.open(), "Bash", "{\"command\":\"ls\"}")) {
        rig.store.crashes.at(n);
        boolean died = ToolActivityTest.catchFailure(rig, new Phase.Asked());
        if (rig.store.crashes.pending()) {
          assertThat(n).isGreaterThan(8);
          break;
        }
        assertThat(died).isTrue();
        rig.sandbox.lose();
        Reply reply = rig.step(new Phase.Asked());
        int begun = rig.sandbox.begun.size();
        switch (reply) {
          case Reply.Waits waits -> {
            assertThat(waits.reason()).isEqualTo("unknown");
            assertThat(begun).as("death %d", n).isLessThanOrEqualTo(1);
          }
          case Reply.Done done -> assertThat(begun).as("death %d", n).isEqualTo(1);
          case Reply.Spawns spawns -> throw new AssertionError(spawns);
          case Reply.Noted noted -> throw new AssertionError(noted);
          case Reply.Stop stop -> throw new AssertionError(stop);
        }
      }
    }
  }

  @Test
  void outputIsFoundAgainWhereverItIsCut() {
    byte[] bytes = OUTPUT.getBytes(StandardCharsets.UTF_8);
    for (int piece = 1; piece <= bytes.length; piece++) {
      for (int n = 1; n < 40; n += 3) {
        try (ToolRig rig = new ToolRig(Plans.open(), "Bash", "{\"command\":\"ls\"}")) {
          rig.sandbox.prints(bytes, piece);
          rig.store.crashes.at(n);
          assertThat(rig.told(rig.stepUntilDone(new Phase.Asked()))).isEqualTo(OUTPUT);
          StringBuilder shown = new StringBuilder();
          long expected = 0;
          for (RunEvent.ToolOutput event : rig.store.all(RunEvent.ToolOutput.class)) {
            assertThat(event.offset()).isEqualTo(expected);
            String text = rig.store.text(event.text());
            expected += text.getBytes(StandardCharsets.UTF_8).length;
            shown.append(text);
          }
          assertThat(shown.toString()).as("pieces of %d, death %d", piece, n).isEqualTo(OUTPUT);
          if (rig.store.crashes.pending()) {
            break;
          }
        }
      }
    }
  }
}
