package dev.helm.service.files;

/** Ends the workflow of an epoch whose run goes on in another one. */
@FunctionalInterface
public interface Leaving {
  /**
   * Returns when the workflow is over and its calls have their ends; one that is over already is
   * left alone.
   *
   * @throws dev.helm.service.rest.RunControl.WorkflowsDown the engine of workflows is away, and the
   *     workflow surely was told nothing
   * @throws EpochFailure it was perhaps told; this has to be called again
   */
  void leave(String run, int epoch, String by);
}
