package dev.helm.activities.tools;

import dev.helm.activities.secret.Scrubber;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an effect ended, whichever tool it was.
 *
 * @param outcome {@code ok failed interrupted timedOut}
 * @param summary what surfaces show after the mark, for example {@code ok · 47 KB}
 * @param forModel text that the model reads
 * @param error whether the model reads it as an error
 */
public record ToolEnd(
    String outcome,
    String summary,
    String forModel,
    boolean error,
    @Nullable Integer exitCode,
    long bytes,
    long droppedBytes,
    List<String> changed,
    List<String> read) {
  /** Keeps the lists. */
  public ToolEnd {
    changed = List.copyOf(changed);
    read = List.copyOf(read);
  }

  /** It went well. */
  public static ToolEnd ok(String summary, String forModel) {
    return new ToolEnd(
        "ok", summary, forModel, false, null, forModel.length(), 0, List.of(), List.of());
  }

  /** It failed; the model reads why. */
  public static ToolEnd failed(String summary, String forModel) {
    return new ToolEnd(
        "failed", summary, forModel, true, null, forModel.length(), 0, List.of(), List.of());
  }

  /** It was ended before its time. */
  public static ToolEnd interrupted(String forModel) {
    return new ToolEnd(
        "interrupted",
        "interrupted",
        forModel,
        true,
        null,
        forModel.length(),
        0,
        List.of(),
        List.of());
  }

  /** It took too long and was ended. */
  public static ToolEnd timedOut(String forModel) {
    return new ToolEnd(
        "timedOut", "timed out", forModel, true, null, forModel.length(), 0, List.of(), List.of());
  }

  /** The same without the values of secrets. */
  ToolEnd scrubbed(Scrubber scrubber) {
    return new ToolEnd(
        outcome,
        scrubber.text(summary),
        scrubber.text(forModel),
        error,
        exitCode,
        bytes,
        droppedBytes,
        changed.stream().map(scrubber::text).toList(),
        read.stream().map(scrubber::text).toList());
  }
}
