package dev.helm.activities.tools;

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
record ToolEnd(
    String outcome,
    String summary,
    String forModel,
    boolean error,
    @Nullable Integer exitCode,
    long bytes,
    long droppedBytes,
    List<String> changed,
    List<String> read) {
  ToolEnd {
    changed = List.copyOf(changed);
    read = List.copyOf(read);
  }

  static ToolEnd ok(String summary, String forModel) {
    return new ToolEnd(
        "ok", summary, forModel, false, null, forModel.length(), 0, List.of(), List.of());
  }

  static ToolEnd failed(String summary, String forModel) {
    return new ToolEnd(
        "failed", summary, forModel, true, null, forModel.length(), 0, List.of(), List.of());
  }

  static ToolEnd interrupted(String forModel) {
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
}
