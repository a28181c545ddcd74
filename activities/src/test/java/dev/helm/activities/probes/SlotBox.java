package dev.helm.activities.probes;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.activities.sandbox.EffectAttempt;
import dev.helm.activities.sandbox.EffectOutcome;
import dev.helm.activities.sandbox.Execution;
import dev.helm.activities.sandbox.SandboxLimits;
import dev.helm.activities.sandbox.Slot;
import dev.helm.activities.sandbox.ToolCommand;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A run's slot, used as production uses it: every command is one effect of the run. */
final class SlotBox implements Box {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final AtomicInteger KEYS = new AtomicInteger();
  private static final long PATIENCE_MS = 60_000;

  private final Lab lab;
  private final SandboxLimits limits;
  private final String run = UUID.randomUUID().toString().replace("-", "");

  SlotBox(Lab lab, SandboxLimits limits) {
    this.lab = lab;
    this.limits = limits;
  }

  String run() {
    return run;
  }

  /** The run's slot: the one it has, or a new one where that is gone. */
  Slot slot() {
    return lab.machine().sandbox.claim(run, limits);
  }

  /** A command under way. */
  record Going(String key, Execution execution, Sink sink) {
    EffectOutcome end(long patienceMs) throws Exception {
      EffectOutcome outcome = execution.outcome().get(patienceMs, TimeUnit.MILLISECONDS);
      execution.acknowledge();
      return outcome;
    }
  }

  Going start(ToolCommand command) {
    return start(newKey(), command);
  }

  Going start(String key, ToolCommand command) {
    Sink sink = new Sink();
    Slot slot = slot();
    return new Going(
        key,
        lab.machine().sandbox.execute(run, EffectAttempt.first(key, slot), command, sink),
        sink);
  }

  static String newKey() {
    return "probe/" + KEYS.incrementAndGet();
  }

  static ToolCommand command(String script, long deadlineMs) {
    return new ToolCommand(
        List.of("/bin/bash", "-c", script),
        new byte[0],
        Map.of("PYTHONDONTWRITEBYTECODE", "1"),
        "/workspace",
        deadlineMs,
        1 << 20);
  }

  static String attackScript(String name, Map<String, Object> given) throws Exception {
    String json = JSON.writeValueAsString(given);
    return "exec /usr/bin/python3 /workspace/probe.py "
        + name
        + " '"
        + json.replace("'", "'\\''")
        + "'";
  }

  @Override
  public String attack(String name, Map<String, Object> given, long deadlineMs) throws Exception {
    return bash(attackScript(name, given), deadlineMs);
  }

  @Override
  public String bash(String script, long deadlineMs) throws Exception {
    Going going = start(command(script, deadlineMs));
    EffectOutcome outcome = going.end(deadlineMs + PATIENCE_MS);
    String end =
        switch (outcome) {
          case EffectOutcome.Ended ended ->
              ended.exit().reason()
                  + " "
                  + ended.exit().code()
                  + " of "
                  + ended.exit().totalBytes()
                  + " bytes";
          case EffectOutcome.Lost lost -> "LOST " + lost.reason();
        };
    return going.sink().text() + " [" + end + "]";
  }

  @Override
  public String container() {
    String life = slot().life();
    return life.substring(0, life.indexOf('@'));
  }

  @Override
  public int pid() {
    Long pid = lab.machine().engine.inspectContainerCmd(container()).exec().getState().getPidLong();
    return pid == null ? 0 : pid.intValue();
  }

  @Override
  public Path workspace() {
    return lab.machine().box(slot().id()).resolve("workspace");
  }

  @Override
  public Path sockets() {
    return lab.machine().home.resolve("slots").resolve(slot().id()).resolve("sock");
  }
}
