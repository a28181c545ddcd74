package dev.helm.api.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.api.Usd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * One log with every event type, as every client must read it. {@code -Dhelm.golden.write=true}
 * writes the file anew; a difference in it is a change of the contract.
 */
class GoldenEventsTest {
  private static final Path FILE = Path.of("src", "test", "resources", "events.golden.json");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, Object>> TREE = new TypeReference<>() {};
  private static final String RUN = "4f3a90c2d1e84b5fa6c7d8e9f0a1b2c3";
  private static final String HASH = "ab".repeat(32);
  private static final String GIT_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
  private static final String DEADLINE = "2026-03-02T14:32:13.482Z";

  private static List<RunEvent> examples() {
    Content text = Content.text("{\"command\":\"ls -l \\u20ac\"}");
    Content blob = new Content.BlobRef(HASH, 70_000, "text/plain");
    Usd usd = Usd.parse("0.42");
    return List.of(
        new RunEvent.RunCreated(
            "Q1 brief",
            "q1-competitor-brief@3",
            HASH,
            "market-intel",
            "ada",
            Usd.parse("5"),
            "claude-sonnet-4-5",
            true,
            Content.text("{\"quarter\":\"Q1\"}"),
            1,
            null,
            null,
            Content.text("Write the brief.")),
        new RunEvent.RunCreated(
            "Weekly status",
            "weekly-status@2",
            HASH,
            "market-intel",
            "ada",
            Usd.parse("5"),
            "claude-sonnet-4-5",
            false,
            Content.text("{}"),
            1,
            null,
            null,
            null,
            "weekly-status",
            "2026-11-30T07:00:00.000Z"),
        new RunEvent.RunStarted(1, "sha256:" + HASH),
        new RunEvent.TurnStarted(1),
        new RunEvent.ModelRetried(1, 1, "the model's service answered 529: busy", 529, 1_000),
        new RunEvent.BudgetCharged(
            usd, "claude-sonnet-4-5", "e1/main/t1.0/a2", 11, 7, 5, 3, null, null),
        new RunEvent.BudgetCharged(
            Usd.parse("-0.000001"), "claude-sonnet-4-5", null, 0, 0, 0, 0, "late", 5L),
        new RunEvent.ModelMessage(
            1, Content.text("Looking. 😀"), "claude-sonnet-4-5", "tool_use", "msg_1", 11, 7, 5, 3),
        new RunEvent.ToolRequested("toolu_1", "Bash", text, HASH, "ls -l €", 1),
        new RunEvent.PermissionRequested(
            "p0123456789abcde",
            "toolu_1",
            "Bash",
            text,
            HASH,
            "ls -l €",
            "Looking.",
            "Bash",
            DEADLINE,
            1,
            "a rule asks",
            List.of("runs a shell command", "first Bash of this run"),
            List.of("ada@example.com"),
            Content.text("--- a/x\n+++ b/x\n"),
            new RunEvent.Suggestion("Bash(ls *)", "From now on ls runs without asking."),
            new RunEvent.Preview("Look", HASH, null, 12)),
        new RunEvent.RunPaused("permission", null, "p0123456789abcde", null, null),
        new RunEvent.PermissionDecided(
            "p0123456789abcde",
            "toolu_1",
            "allow",
            "ada",
            "phone",
            null,
            HASH,
            Content.text("{\"command\":\"ls\"}"),
            new RunEvent.Remembered("r0123456789abcde", "run", "Bash(ls *)", DEADLINE)),
        new RunEvent.RunResumed("permission", null),
        new RunEvent.ToolStarted(
            "toolu_1", "Bash", HASH, new RunEvent.GatePass("person", null, "p0123456789abcde"), 1),
        new RunEvent.McpConnected("tickets", "stdio", 2, HASH, false, "tickets-mcp 1.2.3"),
        new RunEvent.McpFailed("tickets", "toolu_1", "it ended with code 1"),
        new RunEvent.EgressAllowed("toolu_1", "quillwhistle.demo.test", 443),
        new RunEvent.HookRan(
            "PreToolUse",
            "./check.sh -v",
            "toolu_1",
            "changed",
            "shorter",
            Content.text("{\"command\":\"ls\"}"),
            "ab".repeat(32),
            412),
        new RunEvent.HookRan("Stop", "./done.sh", null, "passed", null, null, null, 9),
        new RunEvent.EgressDenied(null, "evil.test", 443, "not on the list"),
        new RunEvent.ToolOutput("toolu_1", Content.text("total 0\n"), 0),
        new RunEvent.ToolUnknown(
            "toolu_1", "Bash", "the container is gone", "u0123456789abcde", DEADLINE),
        new RunEvent.ToolFinished("toolu_1", "Bash", "ok", "ok · 1 line", blob, 0, 12, 8, 3L),
        new RunEvent.FileRead("pages/a.html", "toolu_1"),
        new RunEvent.FileChanged("brief.md", "toolu_1"),
        new RunEvent.ToolBlocked("toolu_2", "Bash", "rule", "A rule denies this.", "Bash(rm *)"),
        new RunEvent.QuestionAsked(
            "q0123456789abcde", "toolu_3", "Which?", List.of("a", "b"), DEADLINE, true),
        new RunEvent.QuestionAnswered("q0123456789abcde", Content.text("a"), "bo"),
        new RunEvent.MessageQueued("m1", Content.text("Hurry."), "now", "ada"),
        new RunEvent.MessageRead("m1", 2),
        new RunEvent.MessageCancelled("m2", "ada"),
        new RunEvent.BudgetWarned(80, Usd.parse("4"), Usd.parse("5"), null, null),
        new RunEvent.BudgetWarned(
            50, Usd.parse("10"), Usd.parse("20"), "project:market-intel", "day"),
        new RunEvent.BudgetExhausted(
            "run", Usd.parse("4.99"), Usd.parse("5"), "no room", null, null),
        new RunEvent.BudgetExhausted(
            "blueprint:brief", Usd.parse("19.9"), Usd.parse("20"), "no room", "month", usd),
        new RunEvent.BudgetRaised(usd, Usd.parse("5.42"), "ada"),
        new RunEvent.LimitReached("turns", "the blueprint allows 60 turns"),
        new RunEvent.PermissionApproved(
            "p0123456789abcde", "toolu_1", "ada", "phone", HASH, text, 1, 2),
        new RunEvent.PermissionReminded(
            "p0123456789abcde", "toolu_1", "half", List.of("approver"), DEADLINE),
        new RunEvent.SnapshotTaken("s12", "toolu_1", GIT_TREE, 142, 70_000, 3),
        new RunEvent.RunRolledback("s12", GIT_TREE, 12, 2, "ada", "s31", GIT_TREE, 1, 2, 3),
        new RunEvent.RunForked("ab".repeat(16), "s12", 12, "ada"),
        new RunEvent.SubagentSpawned(
            "main/1", "toolu_4", "reads the pages", 1, List.of("Read"), text),
        new RunEvent.SubagentFinished("main/1", "toolu_4", "succeeded", null),
        new RunEvent.RunStalled("2026-03-02T14:02:13.482Z", 600_000, "nothing was recorded"),
        new RunEvent.NotificationSent("mail", "ada", "p0123456789abcde", "failed", "no relay"),
        new RunEvent.BlobErased(HASH, 70_000, "ada"),
        new RunEvent.RunFinished("succeeded", null, null));
  }

  private static List<LoggedEvent> chain() {
    List<LoggedEvent> chain = new ArrayList<>();
    String prev = LoggedEvent.NO_PREV;
    for (RunEvent event : examples()) {
      long seq = chain.size() + 1L;
      String at = String.format("2026-03-02T14:02:13.%03dZ", 480 + seq);
      Map<String, Object> data = JSON.convertValue(event, TREE);
      LoggedEvent logged = LoggedEvent.chained(RUN, seq, at, event.type(), "main", data, prev);
      chain.add(logged);
      prev = logged.hash();
    }
    return chain;
  }

  @Test
  void theFileIsWhatTheCodeWrites() throws Exception {
    String now =
        chain().stream()
            .map(GoldenEventsTest::line)
            .collect(Collectors.joining(",\n", "[\n", "\n]\n"));
    if (Boolean.getBoolean("helm.golden.write")) {
      Files.writeString(FILE, now);
    }
    assertThat(Files.readString(FILE)).isEqualTo(now);
  }

  @Test
  void everyTypeIsThere() {
    assertThat(chain().stream().map(LoggedEvent::type).collect(Collectors.toSet()))
        .isEqualTo(RunEvent.TYPES.keySet());
  }

  @Test
  void theFileIsReadBackAndItsChainHolds() throws Exception {
    LoggedEvent[] read = JSON.readValue(FILE.toFile(), LoggedEvent[].class);
    List<RunEvent> examples = examples();
    String prev = LoggedEvent.NO_PREV;
    for (int i = 0; i < read.length; i++) {
      LoggedEvent event = read[i];
      assertThat(event.seq()).isEqualTo(i + 1L);
      assertThat(event.prev()).isEqualTo(prev);
      assertThat(event.computedHash()).isEqualTo(event.hash());
      Class<? extends RunEvent> type = Objects.requireNonNull(RunEvent.TYPES.get(event.type()));
      assertThat((RunEvent) JSON.convertValue(event.data(), type)).isEqualTo(examples.get(i));
      prev = event.hash();
    }
  }

  @Test
  void aChangedMemberBreaksTheChain() {
    LoggedEvent event = chain().getFirst();
    assertThat(
            new LoggedEvent(
                    event.run(),
                    event.seq(),
                    event.at(),
                    event.type(),
                    "other",
                    event.data(),
                    event.prev(),
                    event.hash())
                .computedHash())
        .isNotEqualTo(event.hash());
  }

  private static String line(LoggedEvent event) {
    try {
      return JSON.writeValueAsString(event);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
