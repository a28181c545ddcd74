package dev.helm.cli.render;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.DecisionBodies;
import java.util.List;
import org.junit.jupiter.api.Test;

class AskedTextTest {
  private static DecisionBodies.Asked asked(String diff, RunEvent.Preview preview) {
    return new DecisionBodies.Asked(
        null,
        null,
        null,
        null,
        Content.text(diff),
        null,
        1,
        List.of(),
        null,
        null,
        null,
        null,
        preview);
  }

  @Test
  void aPreviewIsShownWithTheToolThatMadeIt() {
    assertThat(
            AskedText.rows(
                null,
                asked("-open\n+won\n", new RunEvent.Preview("Look", "00".repeat(32), null, 5))))
        .containsExactly("preview by Look", "-open", "+won");
  }

  @Test
  void whyThereIsNoneIsShownWithoutWhatWouldMoveTheCursor() {
    assertThat(
            AskedText.rows(
                null, asked("", new RunEvent.Preview("Look", null, "\u001b[2Jgone\nx", 5))))
        .hasSize(1)
        .first()
        .asString()
        .startsWith("no preview: ")
        .doesNotContain("\u001b", "\n");
  }
}
