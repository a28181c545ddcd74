package dev.helm.activities.probes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

/**
 * Every probe from inside a real slot, each with its positive control in a container that lacks the
 * safeguard, while a neighbour's run goes on. docs/probes.md lists them.
 */
@Tag("engine")
@TestInstance(Lifecycle.PER_CLASS)
final class BoundaryProbesTest {
  private final List<String> succeeded = new ArrayList<>();
  private final List<String> failedControls = new ArrayList<>();
  private final List<String> absent = new ArrayList<>();
  private Lab lab;
  private int tried;
  private int controls;

  @BeforeAll
  void open() throws Exception {
    lab = Lab.open();
  }

  @AfterAll
  void close() throws Exception {
    if (lab != null) {
      lab.close();
    }
  }

  @TestFactory
  Stream<DynamicNode> probes() {
    String only = System.getProperty("helm.probe", "");
    List<DynamicNode> nodes = new ArrayList<>();
    nodes.add(dynamicTest("an allowed command works before", this::allowed));
    Probes.all().stream()
        .filter(probe -> probe.name().matches(only + ".*"))
        .map(
            probe ->
                dynamicContainer(
                    probe.name(),
                    List.of(
                        dynamicTest(probe.name() + " fails in a slot", () -> attempt(probe)),
                        dynamicTest(
                            probe.name() + " succeeds without its safeguard",
                            () -> control(probe)))))
        .forEach(nodes::add);
    nodes.add(dynamicTest("an allowed command works after", this::allowed));
    nodes.add(
        dynamicTest(
            "the neighbour has lost nothing",
            () -> System.out.println(lab.neighbour().lostNothing())));
    nodes.add(dynamicTest("summary", this::summary));
    return nodes.stream();
  }

  private void attempt(Probe probe) throws Exception {
    tried++;
    succeeded.add(probe.name());
    Verdict verdict = probe.slot().run(lab);
    say(probe, "slot", verdict);
    assertThat(verdict.succeeded()).as("%s: %s", probe.attack(), verdict.evidence()).isFalse();
    succeeded.remove(probe.name());
    assertThat(verdict.evidence())
        .as("failed for the right reason")
        .containsPattern(probe.stopped());
  }

  private void control(Probe probe) throws Exception {
    controls++;
    failedControls.add(probe.name());
    Verdict verdict = probe.control().run(lab);
    say(probe, "control", verdict);
    if (verdict.absent()) {
      absent.add(probe.name());
    } else {
      assertThat(verdict.whole())
          .as("control without %s: %s", probe.lacking().words(), verdict.evidence())
          .isTrue();
    }
    failedControls.remove(probe.name());
  }

  private static void say(Probe probe, String where, Verdict verdict) {
    if (Boolean.getBoolean("helm.probe.loud")) {
      System.out.println("PROBE " + probe.name() + " [" + where + "] " + verdict.evidence());
    }
  }

  private void allowed() throws Exception {
    assertThat(lab.attacker().bash("echo 42 > answer; cat answer; rm answer", 20_000))
        .startsWith("42\n");
  }

  private void summary() {
    System.out.printf(
        "%d probes, %d succeeded; %d controls, %s%s%n",
        tried,
        succeeded.size(),
        controls - absent.size(),
        failedControls.isEmpty() ? "all succeeded" : failedControls.size() + " failed",
        absent.isEmpty() ? "" : "; no control on this kernel, which lacks it: " + absent);
    assertThat(succeeded).isEmpty();
    assertThat(failedControls).isEmpty();
  }
}
