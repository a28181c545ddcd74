package dev.helm.service.store;

import dev.helm.workflows.ModelActivity;
import dev.helm.workflows.RunStart;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an agent knew at one step of its run.
 *
 * @param turn turns made by then
 * @param head the conversation, null before the first answer
 * @param calls all calls of the newest answer, if one of them had no result by then; else none
 * @param results what the others had given
 */
public record Moment(
    int turn,
    @Nullable String head,
    List<ModelActivity.Call> calls,
    List<RunStart.CallResult> results) {
  /** Copies the lists. */
  public Moment {
    calls = List.copyOf(calls);
    results = List.copyOf(results);
  }

  /** The calls that have to be asked again. */
  public List<ModelActivity.Call> open() {
    return calls.stream()
        .filter(call -> results.stream().noneMatch(r -> r.toolUseId().equals(call.toolUseId())))
        .toList();
  }
}
