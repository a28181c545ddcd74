package dev.helm.service.rest;

import dev.helm.api.Usd;
import dev.helm.service.store.Change;
import dev.helm.workflows.Signals;

/**
 * Has the audit log say what is asked of a run before its workflow is told. What is stored first (a
 * run, a message, a raise) stands in the audit log with it.
 */
record AskedControl(RunControl control) implements RunControl {
  @Override
  public void free(String run) {
    control.free(run);
  }

  @Override
  public void start(String run) {
    control.start(run);
  }

  @Override
  public void decide(String run, Signals.Decide decision) {
    Change.begins();
    control.decide(run, decision);
  }

  @Override
  public void answer(String run, String questionId, String answer, String by, String requestId) {
    Change.begins();
    control.answer(run, questionId, answer, by, requestId);
  }

  @Override
  public void message(String run, String messageId, String when) {
    control.message(run, messageId, when);
  }

  @Override
  public void cancelMessage(String run, String messageId, String by) {
    control.cancelMessage(run, messageId, by);
  }

  @Override
  public void pause(String run, String by, String requestId) {
    Change.begins();
    control.pause(run, by, requestId);
  }

  @Override
  public void resume(String run, String by, String requestId) {
    Change.begins();
    control.resume(run, by, requestId);
  }

  @Override
  public void cancel(String run, String by, String requestId) {
    Change.begins();
    control.cancel(run, by, requestId);
  }

  @Override
  public Usd raiseBudget(String run, Usd add, String by, String requestId) {
    return control.raiseBudget(run, add, by, requestId);
  }
}
