package dev.helm.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a log may say of calls that a rollback took back, and of those that it did not. */
class EpochRulesTest {
  private static final String HASH = "a".repeat(64);

  private final List<ChainCheck.Read> events = new ArrayList<>();

  private void add(String type, Map<String, Object> data) {
    events.add(
        new ChainCheck.Read(events.size() + 1, "2026-01-01T00:00:00.000Z", type, "main", data, ""));
  }

  private long requested(String call) {
    add("tool.requested", Map.of("toolUseId", call, "argumentsHash", HASH));
    return events.size();
  }

  private void started(String call, String tool, Map<String, Object> gate) {
    add(
        "tool.started",
        Map.of("toolUseId", call, "tool", tool, "argumentsHash", HASH, "gate", gate));
  }

  private long finished(String call) {
    add("tool.finished", Map.of("toolUseId", call));
    return events.size();
  }

  private void back(long toSeq) {
    add("run.rolledback", Map.of("toSeq", toSeq));
  }

  private static Map<String, Object> rule() {
    return Map.of("by", "rule", "rule", "all");
  }

  private List<String> faults() {
    Report report = new Report();
    LogRules rules = new LogRules(report);
    events.forEach(rules::take);
    return report.faults().stream().map(Report.Fault::text).toList();
  }

  private long aCall(String tool) {
    add("run.created", Map.of());
    requested("t1");
    started("t1", tool, rule());
    return finished("t1");
  }

  @Test
  void whatHadEndedByTheStepDoesNotRunAgain() {
    long end = aCall("Bash");
    back(end);
    started("t1", "Bash", rule());
    assertThat(faults()).singleElement().asString().contains("starts after its end");
  }

  @Test
  void whatWasTakenBackMayRunAgain() {
    long end = aCall("Bash");
    back(end - 1);
    started("t1", "Bash", rule());
    finished("t1");
    assertThat(faults()).isEmpty();
  }

  @Test
  void aMailIsNotRepeatedUnasked() {
    long end = aCall("SendEmail");
    back(end - 1);
    started("t1", "SendEmail", rule());
    assertThat(faults()).singleElement().asString().contains("repeats unasked");
  }

  @Test
  void aPersonMayRepeatIt() {
    long end = aCall("SendEmail");
    back(end - 1);
    add(
        "permission.decided",
        Map.of("permissionId", "p1", "decision", "allow", "by", "ada", "argumentsHash", HASH));
    started("t1", "SendEmail", Map.of("by", "person", "permissionId", "p1"));
    finished("t1");
    assertThat(faults()).isEmpty();
  }

  @Test
  void backAndForthTheEndCountsWhereItIsKnown() {
    long end = aCall("Bash");
    back(end - 1);
    long undo = end;
    requested("t2");
    back(undo);
    started("t1", "Bash", rule());
    assertThat(faults()).singleElement().asString().contains("starts after its end");
  }
}
