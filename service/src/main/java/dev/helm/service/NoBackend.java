package dev.helm.service;

import dev.helm.api.Usd;
import dev.helm.api.rest.Bodies;
import dev.helm.service.rest.Backend;
import dev.helm.service.rest.RunControl;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A backend in which nothing works: the log can be read and nothing can be done. */
final class NoBackend implements Backend, RunControl {
  private final String because;

  NoBackend(String because) {
    this.because = because;
  }

  @Override
  public RunControl control() {
    return this;
  }

  @Override
  public List<Bodies.Component> components() {
    return List.of(new Bodies.Component("workflows", "absent", because));
  }

  @Override
  public String readOnlyBecause() {
    return because;
  }

  @Override
  public void start() {}

  @Override
  public void close() {}

  @Override
  public void start(String run) {
    throw down();
  }

  @Override
  public void decide(
      String run,
      String permissionId,
      String decision,
      String argumentsHash,
      @Nullable String reason,
      String by,
      @Nullable String device,
      String requestId) {
    throw down();
  }

  @Override
  public void answer(String run, String questionId, String answer, String by, String requestId) {
    throw down();
  }

  @Override
  public void message(String run, String messageId, String when) {
    throw down();
  }

  @Override
  public void cancelMessage(String run, String messageId, String by) {
    throw down();
  }

  @Override
  public void pause(String run, String by, String requestId) {
    throw down();
  }

  @Override
  public void resume(String run, String by, String requestId) {
    throw down();
  }

  @Override
  public void cancel(String run, String by, String requestId) {
    throw down();
  }

  @Override
  public Usd raiseBudget(String run, Usd add, String by, String requestId) {
    throw down();
  }

  private WorkflowsDown down() {
    return new WorkflowsDown(because, null);
  }
}
