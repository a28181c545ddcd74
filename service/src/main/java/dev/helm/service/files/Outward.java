package dev.helm.service.files;

import dev.helm.api.rest.FileBodies;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.Store;
import dev.helm.workflows.decide.Combination;
import dev.helm.workflows.decide.Risk;
import dev.helm.workflows.decide.ToolCall;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a run did to the world outside of its workspace, which no rollback takes back. */
public final class Outward {
  private static final int LISTED_MAX = 100;

  private Outward() {}

  /** All that is after a step, and the first of it. */
  public record Calls(List<FileBodies.OutwardCall> listed, long all) {
    /** Copies the list. */
    public Calls {
      listed = List.copyOf(listed);
    }
  }

  /** Calls that ended after a step, those of epochs that were rolled back too. */
  public static Calls after(Store store, String run, long seq) {
    RunQueries.Started started = store.queries().started(run);
    if (started == null) {
      return new Calls(List.of(), 0);
    }
    Combination combination = new Combination(started.blueprint().blueprint(), Set.of());
    List<FileBodies.OutwardCall> calls =
        store
            .endedCalls()
            .after(
                run,
                seq,
                tool -> combination.outward(new ToolCall("", tool, "{}", Map.of())) != null)
            .stream()
            .map(
                ended ->
                    new FileBodies.OutwardCall(
                        ended.seq(),
                        ended.call().tool(),
                        ended.object(),
                        Risk.recipients(ended.call()),
                        ended.outcome(),
                        ended.summary()))
            .toList();
    return new Calls(calls.stream().limit(LISTED_MAX).toList(), calls.size());
  }
}
