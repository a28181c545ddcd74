package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.run.Plans;
import dev.helm.activities.sandbox.EffectExit;
import dev.helm.activities.sandbox.ToolCommand;
import dev.helm.activities.secret.Scrubber;
import dev.helm.activities.secret.Secrets;
import dev.helm.api.Secret;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.CustomTool;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import dev.helm.workflows.decide.ToolCall;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A blueprint's own command: its schema, its input, what its end means; secrets are taken out. */
@Timeout(60)
class OwnCommandTest {
  private static final Map<String, Object> SCHEMA =
      Map.of(
          "type",
          "object",
          "properties",
          Map.of("table", Map.of("type", "string"), "limit", Map.of("type", "integer")),
          "required",
          List.of("table"),
          "additionalProperties",
          false);

  private static CustomTool tool(String... command) {
    return new CustomTool(
        "Counts rows", SCHEMA, List.of(command), Map.of("LC_ALL", "C"), null, 10_000, false, null);
  }

  private static Blueprint plan(String... allow) {
    return Plans.with(
        Plans.rules(List.of(), List.of(), List.of(allow)), Map.of("Count", tool("wc", "-l")));
  }

  @Test
  void itIsOfferedToTheModelWithItsSchema() {
    try (ToolRig rig = new ToolRig(plan(), "Count", "{\"table\":\"t\"}")) {
      String definitions = RunTools.NATIVE.definitions(rig.store.info("r"));
      assertThat(definitions)
          .contains("\"name\":\"Count\"", "\"description\":\"Counts rows\"", "\"input_schema\"")
          .doesNotContain("\"name\":\"Agent\"");
    }
  }

  @Test
  void argumentsThatDoNotFitRunNothing() {
    for (String wrong :
        List.of("{}", "{\"table\":1}", "{\"table\":\"t\",\"limit\":1.5}", "{\"Table\":\"t\"}")) {
      try (ToolRig rig = new ToolRig(plan("Count"), "Count", wrong)) {
        assertThat(rig.told(rig.step(new Phase.Asked()))).contains("do not fit Count");
        assertThat(rig.sandbox.begun).as(wrong).isEmpty();
      }
    }
  }

  @Test
  void theGateDecidesOnItAsOnAnyTool() {
    try (ToolRig rig = new ToolRig(plan(), "Count", "{\"table\":\"t\"}")) {
      assertThat(rig.step(new Phase.Asked())).isInstanceOf(Reply.Waits.class);
    }
    try (ToolRig rig = new ToolRig(plan("Count(table=public.*)"), "Count", "{\"table\":\"x.y\"}")) {
      assertThat(rig.step(new Phase.Asked())).isInstanceOf(Reply.Waits.class);
    }
    try (ToolRig rig =
        new ToolRig(plan("Count(table=public.*)"), "Count", "{\"table\":\"public.y\"}")) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).isEqualTo("done");
      ToolCommand command = rig.sandbox.commands.getFirst();
      assertThat(new String(Objects.requireNonNull(command.stdin()), StandardCharsets.UTF_8))
          .isEqualTo("{\"table\":\"public.y\"}");
      assertThat(command.argv()).endsWith("helm", "wc", "-l");
      assertThat(command.env()).containsEntry("LC_ALL", "C");
    }
  }

  /** The very script of the tool, in a shell of this machine. */
  private static ToolEnd run(String arguments, String... command) throws Exception {
    OwnCommand own = new OwnCommand("Count", tool(command));
    ToolCommand made = own.command(ToolCall.of("t1", "Count", arguments));
    Process process = new ProcessBuilder(made.argv()).redirectErrorStream(true).start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(Objects.requireNonNull(made.stdin()));
    } catch (IOException e) {
      // It does not read.
    }
    byte[] output = process.getInputStream().readNBytes((int) made.capBytes());
    long dropped = process.getInputStream().skip(Long.MAX_VALUE);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return own.end(
        new EffectExit(
            process.exitValue(),
            EffectExit.Reason.EXITED,
            null,
            output.length,
            output.length + dropped,
            dropped),
        output);
  }

  @Test
  void whatItPrintsIsTheResultAndItsComplaintsOnlyIfItFails() throws Exception {
    ToolEnd good = run("{\"table\":\"ä\"}", "sh", "-c", "echo note >&2; cat");
    assertThat(good.forModel()).isEqualTo("{\"table\":\"ä\"}");
    assertThat(good.error()).isFalse();
    ToolEnd bad = run("{}", "sh", "-c", "echo out; echo 'no such table' >&2; exit 3");
    assertThat(bad.forModel()).contains("out\nno such table", "exit code 3");
    assertThat(bad.error()).isTrue();
    assertThat(run("{}", "no-such-program-here").forModel()).contains("no such program");
    assertThat(run("{}", "sh", "-c", "true").forModel()).isEqualTo("(no output)");
    // Words of the blueprint are words, whatever they hold.
    assertThat(run("{}", "printf", "%s|", "$(id)", "a b", "\"").forModel())
        .isEqualTo("$(id)|a b|\"|");
  }

  @Test
  void garbageIsBoundedAndHarmless() throws Exception {
    ToolEnd end = run("{}", "sh", "-c", "head -c 3000000 /dev/urandom");
    assertThat(end.forModel().length()).isLessThan(31_000);
    assertThat(end.forModel()).contains("more bytes were not kept");
    ToolEnd complaints = run("{}", "sh", "-c", "head -c 3000000 /dev/zero >&2; exit 1");
    assertThat(complaints.forModel().length()).isLessThan(31_000);
  }

  private static Elsewhere keeping(String value) {
    Scrubber scrubber = Scrubber.of(Map.of("TOKEN", List.of(Secret.of(value))));
    return new Elsewhere(
        RunTools.NATIVE,
        new Secrets() {
          @Override
          public @Nullable Secret get(String project, String name) {
            return null;
          }

          @Override
          public Scrubber scrubber(String project) {
            return scrubber;
          }

          @Override
          public void hide(String project, String name, Secret value, long untilMs) {
            throw new IllegalStateException("no tokens here");
          }
        },
        null,
        dev.helm.activities.hook.HookRunner.none());
  }

  @Test
  void aSecretThatIsSetWhileACommandRunsIsTakenOutOfWhatItGoesOnToSay() {
    Elsewhere after = keeping("hunter2-hunter2");
    AtomicInteger asked = new AtomicInteger();
    Secrets rotated =
        new Secrets() {
          @Override
          public @Nullable Secret get(String project, String name) {
            return null;
          }

          @Override
          public Scrubber scrubber(String project) {
            return asked.getAndIncrement() == 0 ? Scrubber.NONE : after.secrets().scrubber(project);
          }

          @Override
          public void hide(String project, String name, Secret value, long untilMs) {
            throw new IllegalStateException("no tokens here");
          }
        };
    Elsewhere elsewhere =
        new Elsewhere(RunTools.NATIVE, rotated, null, dev.helm.activities.hook.HookRunner.none());
    try (ToolRig rig =
        new ToolRig(Plans.open(), "Bash", "{\"command\":\"env\"}", null, elsewhere)) {
      rig.sandbox.prints("a=1\nb=hunter2-hunter2\n".getBytes(StandardCharsets.UTF_8), 4);
      rig.step(new Phase.Asked());
      StringBuilder shown = new StringBuilder();
      for (RunEvent.ToolOutput output : rig.store.all(RunEvent.ToolOutput.class)) {
        shown.append(rig.store.text(output.text()));
      }
      assertThat(shown.toString()).isEqualTo("a=1\nb=[secret TOKEN]\n");
    }
  }

  @Test
  void aSecretInTheOutputIsNeitherLoggedNorShownHoweverItIsCut() {
    for (int piece : List.of(1, 3, 7, 100)) {
      try (ToolRig rig =
          new ToolRig(
              Plans.open(), "Bash", "{\"command\":\"env\"}", null, keeping("hunter2-hunter2"))) {
        rig.sandbox.prints(
            "a=hunter2-hunter2\nb=1 hunter2-hunt".getBytes(StandardCharsets.UTF_8), piece);
        Reply reply = rig.step(new Phase.Asked());
        assertThat(rig.told(reply)).isEqualTo("a=[secret TOKEN]\nb=1 hunter2-hunt");
        StringBuilder shown = new StringBuilder();
        for (RunEvent.ToolOutput output : rig.store.all(RunEvent.ToolOutput.class)) {
          shown.append(rig.store.text(output.text()));
        }
        assertThat(shown.toString()).as("pieces of " + piece).isEqualTo(rig.told(reply));
      }
    }
  }
}
