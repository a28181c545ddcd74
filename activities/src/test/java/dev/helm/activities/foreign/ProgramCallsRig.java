package dev.helm.activities.foreign;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The calls of a program, and Helm's side of them. */
public final class ProgramCallsRig {
  public final ProgramCalls calls;

  public ProgramCallsRig(SessionStart start) {
    calls = new ProgramCalls(start);
  }

  /** What waits for Helm. */
  public @Nullable List<Next.Asked> take() throws InterruptedException {
    return calls.take();
  }

  public void give(String id, String text, boolean error) {
    calls.give(new Given(List.of(new Given.Result(id, text, error)), List.of()));
  }

  /** Asks as a program does at the endpoint. */
  public ProgramCall call(String tool, String arguments) {
    return calls.call(tool, arguments);
  }
}
