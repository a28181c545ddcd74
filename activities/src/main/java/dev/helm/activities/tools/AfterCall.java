package dev.helm.activities.tools;

import dev.helm.workflows.ToolActivity;

/** What is done once a call that may have changed the workspace has its end in the log. */
@FunctionalInterface
public interface AfterCall {
  /**
   * Returns when the next gate may open. Done once, however often the activity is tried.
   *
   * @param shell whether the call could change files without telling which
   */
  void done(ToolActivity.Request request, boolean shell);
}
