package dev.helm.activities.store;

/**
 * Journal keys of calls that a rollback took back, or that the run made from which one was forked:
 * what they did outside of the workspace is done, and the agent does not know of it any more.
 */
public final class TakenBack {
  private TakenBack() {}

  /** A call of this tool with these arguments, by any agent of the run. */
  public static String call(String tool, String argumentsHash) {
    return "taken-back/" + tool + "/" + argumentsHash;
  }

  /** A call of this tool by a sub-agent, whose work begins anew with calls of other words. */
  public static String bySubagent(String tool) {
    return "taken-back-below/" + tool;
  }
}
