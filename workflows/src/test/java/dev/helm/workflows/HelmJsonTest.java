package dev.helm.workflows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.Usd;
import dev.helm.api.event.CanonicalJson;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HelmJsonTest {
  @Test
  void aFactKeepsItsSealedEvent() {
    Fact fact =
        new Fact(
            "k",
            "main",
            new RunEvent.BudgetCharged(Usd.parse("0.42"), "m", null, 1, 2, 3, 4, null, null));
    String json = HelmJson.write(List.of(fact));
    assertThat(json).contains("\"type\":\"budget.charged\"", "\"amountUsd\":\"0.420000\"");
    assertThat(HelmJson.read(json, Fact[].class)).containsExactly(fact);
  }

  @Test
  void anUnknownTypeAndUnknownMembersSurvive() {
    RunEvent unknown = HelmJson.event("later.invented", Map.of("a", 1));
    assertThat(unknown.type()).isEqualTo("later.invented");
    assertThat(HelmJson.dataOf(unknown)).isEqualTo(Map.of("a", 1));
    assertThat(HelmJson.event("turn.started", Map.of("turn", 3, "later", true)))
        .isEqualTo(new RunEvent.TurnStarted(3));
  }

  @Test
  void repliesCarryTheirKind() {
    ToolActivity.Reply waits = new ToolActivity.Reply.Waits("p1", "permission", "h", 5);
    assertThat(HelmJson.read(HelmJson.write(waits), ToolActivity.Reply.class)).isEqualTo(waits);
    ToolActivity.Phase phase = new ToolActivity.Phase.TimedOut("p1");
    ToolActivity.Request request =
        new ToolActivity.Request("r", 1, "main", "t", "Bash", true, phase);
    assertThat(HelmJson.read(HelmJson.write(request), ToolActivity.Request.class))
        .isEqualTo(request);
  }

  @Test
  void contentIsAStringOrAReference() {
    assertThat(HelmJson.read("\"x\"", Content.class)).isEqualTo(Content.text("x"));
    Content blob = new Content.BlobRef("ab", 3, "text/plain");
    assertThat(HelmJson.read(HelmJson.write(blob), Content.class)).isEqualTo(blob);
  }

  @Test
  void foreignArgumentsAreReadStrictly() {
    assertThatThrownBy(() -> HelmJson.readObject("{\"a\":1,\"a\":2}"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> HelmJson.readObject("[]"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> HelmJson.readObject("{} {}"))
        .isInstanceOf(IllegalArgumentException.class);
    for (String number : List.of("1e2", "0.0000001", "1.10", "-0.0", "1E+400", "100.0")) {
      String source = "{\"a\":" + number + ",\"b\":[{\"c\":" + number + "}]}";
      assertThat(CanonicalJson.write(HelmJson.readObject(source))).isEqualTo(source);
      assertThat(HelmJson.write(HelmJson.readObject(source))).isEqualTo(source);
    }
    assertThat(CanonicalJson.write(HelmJson.readObject("{\"b\":1.10,\"a\":[true,null]}")))
        .isEqualTo("{\"a\":[true,null],\"b\":1.10}");
  }

  @Test
  void everyEventTypeHasAName() {
    Class<?>[] permitted = RunEvent.class.getPermittedSubclasses();
    for (Class<?> type : permitted) {
      if (type != RunEvent.Unknown.class) {
        assertThat(RunEvent.TYPES).containsValue(type.asSubclass(RunEvent.class));
      }
    }
    assertThat(RunEvent.TYPES).hasSize(permitted.length - 1);
  }
}
