package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.run.Plans;
import dev.helm.activities.secret.Secrets;
import dev.helm.api.Sha256;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A preview says what a call would do, and decides nothing. */
@Timeout(60)
class PreviewTest {
  private static CustomTool tool(boolean outward, @Nullable String preview, String... arguments) {
    Map<String, Object> properties = new LinkedHashMap<>();
    for (String argument : arguments) {
      properties.put(argument, Map.of("type", "string"));
    }
    return new CustomTool(
        "A tool",
        Map.of("type", "object", "properties", properties, "additionalProperties", false),
        List.of("crm"),
        Map.of(),
        null,
        5_000,
        outward,
        preview);
  }

  private static ToolRig rig(boolean looksOutward, String... allow) {
    Map<String, CustomTool> tools = new LinkedHashMap<>();
    tools.put("Change", tool(true, "Look", "id", "stage"));
    tools.put("Look", tool(looksOutward, null, "id"));
    Blueprint plan = Plans.with(Plans.rules(List.of(), List.of(), List.of(allow)), tools);
    // It is enough that previews name it.
    List<String> offered = plan.tools().stream().filter(name -> !name.equals("Look")).toList();
    return new ToolRig(plan.withTools(offered), "Change", "{\"id\":\"7\",\"stage\":\"won\"}");
  }

  private static RunEvent.PermissionRequested asked(ToolRig rig) {
    assertThat(rig.step(new Phase.Asked())).isInstanceOf(Reply.Waits.class);
    return rig.store.all(RunEvent.PermissionRequested.class).getFirst();
  }

  private static RunEvent.Preview preview(RunEvent.PermissionRequested asked) {
    return Objects.requireNonNull(asked.preview());
  }

  private static void prints(ToolRig rig, String text) {
    rig.sandbox.prints(text.getBytes(StandardCharsets.UTF_8), 1_000);
  }

  @Test
  void beforeAndAfterAreShownAsADiff() {
    try (ToolRig rig = rig(false, "Look")) {
      prints(
          rig, "{\"before\":{\"stage\":\"open\",\"n\":1},\"after\":{\"stage\":\"won\",\"n\":1}}");
      RunEvent.PermissionRequested asked = asked(rig);
      String diff = ((Content.Text) Objects.requireNonNull(asked.diff())).text();
      assertThat(diff)
          .startsWith("--- a/Look\n+++ b/Look\n")
          .contains("-  \"stage\" : \"open\"", "+  \"stage\" : \"won\"");
      assertThat(preview(asked).tool()).isEqualTo("Look");
      assertThat(preview(asked).sha256()).isEqualTo(Sha256.hex(diff));
      assertThat(rig.sandbox.commands).hasSize(1);
      assertThat(new String(rig.sandbox.commands.getFirst().stdin(), StandardCharsets.UTF_8))
          .isEqualTo("{\"id\":\"7\"}");
      assertThat(rig.store.types()).doesNotContain("tool.started");
    }
  }

  @Test
  void anyOtherTextIsShownAsItIsAndNoLongerThanItMay() {
    try (ToolRig rig = rig(false, "Look")) {
      prints(rig, "line\n".repeat(100_000));
      RunEvent.PermissionRequested asked = asked(rig);
      assertThat(((Content.Text) Objects.requireNonNull(asked.diff())).text())
          .startsWith("line\n")
          .hasSizeLessThan(65_600);
    }
  }

  @Test
  void aPreviewThatPeopleWouldBeAskedOfDoesNotRun() {
    try (ToolRig rig = rig(false)) {
      RunEvent.PermissionRequested asked = asked(rig);
      assertThat(preview(asked).none())
          .isEqualTo("Look does not run without asking (no rule names this call)");
      assertThat(asked.diff()).isNull();
      assertThat(rig.sandbox.commands).isEmpty();
    }
  }

  @Test
  void aToolThatActsIsNoPreview() {
    try (ToolRig rig = rig(true, "Look")) {
      assertThat(preview(asked(rig)).none()).isEqualTo("Look may do more than read");
      assertThat(rig.sandbox.commands).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE"})
  void aRequestThatIsNotToReadIsNoPreview(String method) throws java.io.IOException {
    CustomTool posts =
        new CustomTool(
            "Posts",
            Map.of("type", "object"),
            List.of(),
            Map.of(),
            new CustomTool.Http(method, "https://crm.test/x", Map.of(), null),
            5_000,
            false,
            null);
    Map<String, CustomTool> tools = new LinkedHashMap<>();
    tools.put("Change", tool(true, "Look", "id", "stage"));
    tools.put("Look", posts);
    Blueprint plan = Plans.with(Plans.rules(List.of(), List.of(), List.of("Look")), tools);
    try (ToolRig rig =
        new ToolRig(
            plan,
            "Change",
            "{\"id\":\"7\",\"stage\":\"won\"}",
            null,
            new Elsewhere(
                RunTools.NATIVE,
                Secrets.none(),
                new Outgoing(host -> List.of(), List.of(), List.of()),
                HookRunner.none()))) {
      assertThat(preview(asked(rig)).none()).isEqualTo("Look may do more than read");
      assertThat(rig.store.types()).doesNotContain("egress.allowed", "egress.denied");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aPreviewThatBreaksIsToldAndTheCallGoesOn(boolean inTheClaim) {
    try (ToolRig rig = rig(false, "Look")) {
      Runnable breaks =
          () -> {
            throw new IllegalStateException("the machine is on fire");
          };
      if (inTheClaim) {
        rig.sandbox.onClaim = breaks;
      } else {
        rig.sandbox.onExecute = breaks;
      }
      Reply reply = rig.step(new Phase.Asked());
      assertThat(preview(rig.store.all(RunEvent.PermissionRequested.class).getFirst()).none())
          .isEqualTo("Look: the machine is on fire");
      rig.sandbox.onClaim = () -> {};
      rig.sandbox.onExecute = () -> {};
      assertThat(rig.told(rig.step(rig.allow(reply, rig.hash())))).isEqualTo("done");
    }
  }

  @Tag("campaign") // as long as the limit
  @Test
  void aPreviewWithoutEndIsGivenUpAndEnded() {
    try (ToolRig rig = rig(false, "Look")) {
      rig.sandbox.endless();
      assertThat(preview(asked(rig)).none()).isEqualTo("Look took longer than 30 s");
      assertThat(rig.sandbox.interrupted).hasSize(1);
    }
  }

  @Test
  void anAllowedCallHasNoPreview() {
    try (ToolRig rig = rig(false, "Look", "Change")) {
      rig.step(new Phase.Asked());
      assertThat(rig.sandbox.commands).hasSize(1);
    }
  }
}
