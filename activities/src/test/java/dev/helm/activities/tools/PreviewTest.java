package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.run.Plans;
import dev.helm.activities.secret.Secrets;
import dev.helm.api.Sha256;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.blueprint.Hook;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
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

  /** Stands for the container in which a preview can only read. */
  private static final class Looking implements HookRunner {
    final List<String> inputs = new CopyOnWriteArrayList<>();
    volatile byte[] prints = new byte[0];
    volatile Runnable before = () -> {};
    volatile boolean endless;

    @Override
    public Output run(
        String run, Blueprint blueprint, Hook hook, byte[] input, BooleanSupplier stopped) {
      throw new AssertionError("there are no hooks");
    }

    @Override
    public Output read(
        String run,
        List<String> command,
        Map<String, String> env,
        long timeoutMs,
        byte[] input,
        BooleanSupplier stopped) {
      inputs.add(new String(input, StandardCharsets.UTF_8));
      before.run();
      while (endless && !stopped.getAsBoolean()) {
        Thread.onSpinWait();
      }
      return new Output(0, prints, "", null);
    }
  }

  private final Looking looking = new Looking();

  private ToolRig rig(boolean looksOutward, String... allow) {
    Map<String, CustomTool> tools = new LinkedHashMap<>();
    tools.put("Change", tool(true, "Look", "id", "stage"));
    tools.put("Look", tool(looksOutward, null, "id"));
    Blueprint plan = Plans.with(Plans.rules(List.of(), List.of(), List.of(allow)), tools);
    // It is enough that previews name it.
    List<String> offered = plan.tools().stream().filter(name -> !name.equals("Look")).toList();
    return new ToolRig(
        plan.withTools(offered),
        "Change",
        "{\"id\":\"7\",\"stage\":\"won\"}",
        null,
        new Elsewhere(RunTools.NATIVE, Secrets.none(), null, looking));
  }

  private static RunEvent.PermissionRequested asked(ToolRig rig) {
    assertThat(rig.step(new Phase.Asked())).isInstanceOf(Reply.Waits.class);
    return rig.store.all(RunEvent.PermissionRequested.class).getFirst();
  }

  private static RunEvent.Preview preview(RunEvent.PermissionRequested asked) {
    return Objects.requireNonNull(asked.preview());
  }

  private void prints(String text) {
    looking.prints = text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void beforeAndAfterAreShownAsADiff() {
    try (ToolRig rig = rig(false, "Look")) {
      looking.before = () -> assertThat(rig.store.types()).contains("tool.output");
      prints("{\"before\":{\"stage\":\"open\",\"n\":1},\"after\":{\"stage\":\"won\",\"n\":1}}");
      RunEvent.PermissionRequested asked = asked(rig);
      String diff = ((Content.Text) Objects.requireNonNull(asked.diff())).text();
      assertThat(diff)
          .startsWith("--- a/Look\n+++ b/Look\n")
          .contains("-  \"stage\" : \"open\"", "+  \"stage\" : \"won\"");
      assertThat(preview(asked).tool()).isEqualTo("Look");
      assertThat(preview(asked).sha256()).isEqualTo(Sha256.hex(diff));
      assertThat(looking.inputs).containsExactly("{\"id\":\"7\"}");
      // Nothing ran where it could have written, and the log says what ran.
      assertThat(rig.sandbox.commands).isEmpty();
      assertThat(rig.store.types())
          .containsSubsequence("tool.output", "permission.requested")
          .doesNotContain("tool.started");
      RunEvent.ToolOutput said = rig.store.all(RunEvent.ToolOutput.class).getFirst();
      assertThat(said.toolUseId()).isEqualTo("t1.preview");
      assertThat(rig.store.text(said.text()))
          .isEqualTo("Look runs as a preview with {\"id\":\"7\"}\n");
    }
  }

  @Test
  void anyOtherTextIsShownAsItIsAndNoLongerThanItMay() {
    try (ToolRig rig = rig(false, "Look")) {
      prints("line\n".repeat(100_000));
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

  @Test
  void aPreviewThatBreaksIsToldAndTheCallGoesOn() {
    try (ToolRig rig = rig(false, "Look")) {
      looking.before =
          () -> {
            throw new IllegalStateException("the machine is on fire");
          };
      Reply reply = rig.step(new Phase.Asked());
      assertThat(preview(rig.store.all(RunEvent.PermissionRequested.class).getFirst()).none())
          .isEqualTo("Look: the machine is on fire");
      assertThat(rig.told(rig.step(rig.allow(reply, rig.hash())))).isEqualTo("done");
    }
  }

  @Tag("campaign") // as long as the limit
  @Test
  void aPreviewWithoutEndIsGivenUpAndEnded() {
    try (ToolRig rig = rig(false, "Look")) {
      looking.endless = true;
      assertThat(preview(asked(rig)).none()).isEqualTo("Look took longer than 30 s");
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
