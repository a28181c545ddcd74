package dev.helm.workflows.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.CanonicalJson;
import dev.helm.workflows.HelmJson;
import io.temporal.common.WorkflowExecutionHistory;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every recorded history agrees with its log; one that was changed in one decision does not. */
@Timeout(120)
class ComparisonTest {
  private static final Path FOLDER = Path.of("src", "test", "resources", "histories");
  private static final Pattern DATA = Pattern.compile("\"data\": \"([A-Za-z0-9+/=]+)\"");

  static List<Path> histories() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("histories")
  void aTrueHistoryAgrees(Path file) throws Exception {
    String json = Files.readString(file);
    assertThat(findings(json, json)).noneMatch(line -> line.contains("\"kind\":\"fault\""));
  }

  @Test
  void oneChangedDecisionIsFound() throws Exception {
    int changed = 0;
    for (Path file : histories()) {
      String json = Files.readString(file);
      String edited = edited(json, true, text -> text.replace("\"allow\":true", "\"allow\":false"));
      if (!edited.equals(json)) {
        changed++;
        assertThat(findings(json, edited)).as(file.toString()).anyMatch(ComparisonTest::fault);
        // The same decision changed wherever the history speaks of it.
        String all = edited(json, false, text -> text.replace("\"allow\":true", "\"allow\":false"));
        assertThat(findings(json, all)).as(file.toString()).anyMatch(ComparisonTest::fault);
      }
    }
    assertThat(changed).isGreaterThan(1);
  }

  @Test
  void whoDecidedAndWhatWasAnsweredAndHowItEndedAreCompared() throws Exception {
    String allowed = Files.readString(FOLDER.resolve("permission-allowed.json"));
    assertThat(
            findings(
                allowed,
                edited(allowed, false, t -> t.replace("\"by\":\"ada\"", "\"by\":\"eve\""))))
        .anyMatch(ComparisonTest::fault);
    String plain = Files.readString(FOLDER.resolve("plain.json"));
    assertThat(findings(plain, edited(plain, false, t -> t.replace("succeeded", "failed"))))
        .anyMatch(ComparisonTest::fault);
    assertThat(
            findings(
                plain,
                edited(
                    plain, false, t -> t.replace("\"toolUseId\":\"t1\"", "\"toolUseId\":\"t9\""))))
        .anyMatch(ComparisonTest::fault);
  }

  @Test
  void theCallsThatAForkBeginsWithWereAskedForInItsParent() throws Exception {
    String json = Files.readString(FOLDER.resolve("plain.json"));
    String call = "{\"toolUseId\":\"t77\",\"tool\":\"Bash\"}";
    String carry =
        "{\"turn\":1,\"results\":[],\"messages\":[],\"seen\":[],\"calls\":[" + call + "]}";
    String fork =
        edited(
            json,
            true,
            text ->
                text.contains("\"turnsMax\"")
                    ? text.replace("\"carry\":null,", "")
                        .replaceFirst("\\{", "{\"carry\":" + carry + ",")
                    : text);
    String log =
        log(WorkflowExecutionHistory.fromJson(json))
            + "\n{\"seq\":99,\"agent\":\"main\",\"type\":\"tool.requested\",\"data\":"
            + call
            + "}";
    assertThat(findingsOf(log, json)).anyMatch(line -> line.contains("ask for t77"));
    assertThat(findingsOf(log, fork)).noneMatch(line -> line.contains("ask for t77"));
  }

  private static boolean fault(String line) {
    return line.contains("\"kind\":\"fault\"");
  }

  /** Edits payloads: the first that changes, or all. */
  private static String edited(String json, boolean first, UnaryOperator<String> edit) {
    Matcher matcher = DATA.matcher(json);
    boolean[] done = new boolean[1];
    return matcher.replaceAll(
        match -> {
          String text =
              new String(Base64.getDecoder().decode(match.group(1)), StandardCharsets.UTF_8);
          String other = first && done[0] ? text : edit.apply(text);
          done[0] |= !other.equals(text);
          return "\"data\": \""
              + Base64.getEncoder().encodeToString(other.getBytes(StandardCharsets.UTF_8))
              + "\"";
        });
  }

  /** Compares a history with the log that the true one has. */
  private static List<String> findings(String truth, String shown) throws IOException {
    return findingsOf(log(WorkflowExecutionHistory.fromJson(truth)), shown);
  }

  private static List<String> findingsOf(String events, String shown) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Findings findings = new Findings(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    LoggedFacts log = new LoggedFacts();
    log.read(new BufferedReader(new StringReader(events)));
    Comparison comparison = new Comparison(log, findings);
    try (Rerun rerun = new Rerun()) {
      comparison.take("history", WorkflowExecutionHistory.fromJson(shown), rerun);
    }
    comparison.finish(true);
    return bytes.toString(StandardCharsets.UTF_8).lines().toList();
  }

  /** The events that activities would have written. */
  private static String log(WorkflowExecutionHistory history) {
    HistoryFacts said = new HistoryFacts(history);
    List<String> lines = new ArrayList<>();
    Set<String> decided = new HashSet<>();
    for (HistoryFacts.Activity activity : said.activities()) {
      if (activity.arguments().size() > 1 && activity.arguments().get(1) instanceof List<?> facts) {
        facts.forEach(fact -> add(lines, (Map<?, ?>) fact));
      }
      if (activity.result() instanceof Map<?, ?> reply) {
        reply(lines, reply);
      }
      if (activity.arguments().getFirst() instanceof Map<?, ?> request
          && request.get("phase") instanceof Map<?, ?> phase) {
        phase(lines, phase, decided);
      }
    }
    return String.join("\n", lines);
  }

  private static void phase(List<String> lines, Map<?, ?> phase, Set<String> decided) {
    Object lost = phase.get("lost") == null ? phase : phase.get("lost");
    if (lost instanceof Map<?, ?> step && step.get("decision") instanceof Map<?, ?> decision) {
      if (decided.add(String.valueOf(decision.get("permissionId")))) {
        Map<String, @Nullable Object> data = new HashMap<>();
        for (String name : List.of("permissionId", "by", "device", "reason")) {
          if (decision.get(name) != null) {
            data.put(name, decision.get(name));
          }
        }
        data.put("decision", Boolean.TRUE.equals(decision.get("allow")) ? "allow" : "deny");
        add(lines, "permission.decided", data);
      }
    }
    if (lost instanceof Map<?, ?> step && step.get("answer") instanceof Map<?, ?> answer) {
      if (decided.add(String.valueOf(answer.get("questionId")))) {
        Map<String, @Nullable Object> data = new HashMap<>();
        for (String name : List.of("questionId", "by", "answer")) {
          data.put(name, answer.get(name));
        }
        add(lines, "question.answered", data);
      }
    }
  }

  private static void reply(List<String> lines, Map<?, ?> reply) {
    if (reply.get("calls") instanceof List<?> calls) {
      for (Object call : calls) {
        add(lines, "tool.requested", LoggedFacts.members((Map<?, ?>) call));
      }
    }
    if ("waits".equals(reply.get("kind"))) {
      Map<String, @Nullable Object> data = new HashMap<>();
      data.put("permissionId", reply.get("waitId"));
      add(lines, "permission.requested", data);
    }
  }

  private static void add(List<String> lines, Map<?, ?> fact) {
    Map<?, ?> data = (Map<?, ?>) Objects.requireNonNull(fact.get("data"));
    add(lines, String.valueOf(fact.get("type")), LoggedFacts.members(data));
  }

  private static void add(
      List<String> lines, String type, Map<String, ? extends @Nullable Object> data) {
    Map<String, Object> event = new LinkedHashMap<>();
    event.put("seq", lines.size() + 1);
    event.put("agent", "main");
    event.put("type", type);
    event.put("data", HelmJson.readObject(CanonicalJson.write(data)));
    lines.add(CanonicalJson.write(event));
  }
}
