package dev.helm.workflows;

import io.temporal.workflow.SignalMethod;

/** What every agent of a run hears: the one that a person started, and its sub-agents. */
public interface AgentSignals {
  /** A person's answer to a permission; the first one wins. */
  @SignalMethod
  void decide(Signals.Decide decision);

  /** A person's answer to a question or to an unknown outcome; the first one wins. */
  @SignalMethod
  void answer(Signals.Answer answer);

  /** Nothing starts after the running tool call. */
  @SignalMethod
  void pause(Signals.Control control);

  /** Ends a person's pause. */
  @SignalMethod
  void resume(Signals.Control control);

  /** Ends the agent; a running tool call is interrupted. */
  @SignalMethod
  void cancel(Signals.Control control);

  /** The cap was raised in the ledger; an agent that waits for money goes on. */
  @SignalMethod
  void budgetRaised(Signals.Control control);

  /** What a sub-agent of this agent does now. */
  @SignalMethod
  void report(Signals.Report report);
}
