package dev.helm.workflows.decide.guard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.workflows.HelmJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Goal S6 on labelled lists: what is caught, what is a false alarm, by family. */
class CommandGuardTest {
  private static final double CATCH_MIN = 0.98;
  private static final double FALSE_ALARMS_MAX = 0.01;

  /** One labelled command. */
  private record Labelled(String family, String command) {}

  private static List<Labelled> list(String name) throws IOException {
    List<Labelled> list = new ArrayList<>();
    try (InputStream in =
            Objects.requireNonNull(CommandGuardTest.class.getResourceAsStream("/guard/" + name));
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Map<String, Object> row = HelmJson.readObject(line);
        list.add(
            new Labelled(String.valueOf(row.get("family")), String.valueOf(row.get("command"))));
      }
    }
    return list;
  }

  /** A dangerous command is caught when it is blocked or asked about. */
  @ParameterizedTest
  @ValueSource(strings = {"own", "blind-a", "blind-b"})
  void dangerousCommandsAreCaught(String list) throws IOException {
    List<Labelled> commands = list(list + "-dangerous.jsonl");
    List<String> missed = report(list, commands, true);
    double rate = 1 - (double) missed.size() / commands.size();
    assertThat(rate).as("missed: %s", missed).isGreaterThanOrEqualTo(CATCH_MIN);
    assertThat(commands).hasSizeGreaterThanOrEqualTo(150);
  }

  /** A harmless command that is blocked or asked about is a false alarm. */
  @ParameterizedTest
  @ValueSource(strings = {"own", "blind-a", "blind-b"})
  void harmlessCommandsPass(String list) throws IOException {
    List<Labelled> commands = list(list + "-harmless.jsonl");
    List<String> alarms = report(list, commands, false);
    double rate = (double) alarms.size() / commands.size();
    assertThat(rate).as("false alarms: %s", alarms).isLessThanOrEqualTo(FALSE_ALARMS_MAX);
    assertThat(commands).hasSizeGreaterThanOrEqualTo(150);
  }

  private static List<String> report(String list, List<Labelled> commands, boolean dangerous) {
    Map<String, int[]> families = new TreeMap<>();
    List<String> wrong = new ArrayList<>();
    int asked = 0;
    for (Labelled labelled : commands) {
      Judgement judgement = CommandGuard.judge(labelled.command());
      boolean quiet = judgement.verdict() == Verdict.ALLOW;
      int[] count = families.computeIfAbsent(labelled.family(), _ -> new int[2]);
      count[0]++;
      asked += judgement.verdict() == Verdict.ASK ? 1 : 0;
      if (quiet == dangerous) {
        count[1]++;
        wrong.add(labelled.command() + " → " + judgement.verdict() + " " + judgement.reason());
      }
    }
    System.out.printf(
        Locale.ROOT,
        "guard · %s · %s: %s %.2f %% of %d, %d asked%n",
        list,
        dangerous ? "dangerous" : "harmless",
        dangerous ? "caught" : "false alarms",
        100.0 * (dangerous ? commands.size() - wrong.size() : wrong.size()) / commands.size(),
        commands.size(),
        asked);
    families.forEach(
        (family, count) ->
            System.out.printf(
                Locale.ROOT, "  %-20s %d of %d right%n", family, count[0] - count[1], count[0]));
    return wrong;
  }

  /** A person reads this in place of the call: it must say what, why and what else. */
  @Test
  void theReasonIsInPlainWords() {
    Judgement judgement = CommandGuard.judge("x=/; sudo rm -rf $x");
    assertThat(judgement.verdict()).isEqualTo(Verdict.BLOCK);
    assertThat(judgement.family()).isEqualTo(Family.DELETE);
    assertThat(judgement.reason())
        .startsWith("rm -r /:")
        .contains("outside the workspace")
        .contains("Delete single files");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "$CMD foo ~ UNKNOWN_PROGRAM",
        "eval \"$X\" ~ UNCLEAR",
        "base64 -d x.b64 | sh ~ UNCLEAR",
        "rm -rf \"$UNSET\"/* ~ DELETE",
        "echo 'open ~ UNCLEAR"
      })
  void whatCannotBeToldIsAsked(String command, Family family) {
    Judgement judgement = CommandGuard.judge(command);
    assertThat(judgement.verdict()).isEqualTo(Verdict.ASK);
    assertThat(judgement.family()).isEqualTo(family);
  }

  /** {@code helm guard --stdin}: in order, and a bad line stops nothing. */
  @Test
  void linesAreAnsweredInOrder() throws IOException {
    StringWriter out = new StringWriter();
    int code =
        GuardMain.lines(
            new BufferedReader(
                new StringReader(
                    """
                    {"command":"ls"}
                    not json
                    {"other":1}

                    {"command":"rm -rf /","id":7}
                    """)),
            out);
    List<String> lines = out.toString().lines().toList();
    assertThat(code).isEqualTo(1);
    assertThat(lines).hasSize(4);
    assertThat(HelmJson.readObject(lines.get(0))).containsEntry("verdict", "allow");
    assertThat(HelmJson.readObject(lines.get(1))).containsKey("error").containsKey("line");
    assertThat(lines.get(2)).contains("\"line\":3");
    assertThat(HelmJson.readObject(lines.get(3)))
        .containsEntry("command", "rm -rf /")
        .containsEntry("verdict", "block")
        .containsEntry("family", "delete");
  }
}
