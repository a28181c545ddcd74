package dev.helm.activities.foreign;

import dev.helm.activities.tools.Effect;
import dev.helm.activities.tools.ToolEnd;

/**
 * Drives one life of a run's foreign agent. It lives in the service's memory and ends with it;
 * whoever comes next starts another one from what the log knows. {@link #start} and {@link #next}
 * come from one thread at a time, the others from any.
 */
public interface AgentDriver extends AutoCloseable {
  /**
   * Starts the agent; returns when it runs.
   *
   * @throws dev.helm.activities.sandbox.SandboxException as {@code Boxes.open}
   */
  void start(SessionStart start);

  /**
   * Hands in what its calls gave and what people say, and waits for what it wants next, however
   * long that takes. Results that it does not wait for, and messages that it has, are to be
   * ignored: a turn that is begun anew brings them again.
   */
  Next next(Given given) throws InterruptedException;

  /** Makes a {@link #next} that waits, or else the next one, return {@link Next.Interrupted}. */
  void interrupt();

  /**
   * Lets the runtime carry out a call that the gate has let pass, and waits for its end. Called
   * once for a call, after {@code tool.started} is on disk, and only for tools that {@link
   * DriverKind#performs} names.
   *
   * @param arguments exact JSON text, as it was asked for or as people changed it
   */
  default Effect.Result perform(String toolUseId, String tool, String arguments)
      throws InterruptedException {
    return new Effect.Result.Ended(
        ToolEnd.failed("failed · not the agent's", "this agent carries out no calls itself"), null);
  }

  /**
   * Tells under which label the sub-agent is recorded that a call begins; before its {@link
   * #perform}.
   */
  default void spawns(String toolUseId, String subagent) {}

  /** Ends a call that {@link #perform} waits for. */
  default void stop(String toolUseId) {}

  /** Ends the agent with all it started. Safe to repeat. */
  @Override
  void close();
}
