package dev.helm.activities.tools;

import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.decide.CallLine;
import dev.helm.workflows.decide.Remembered;
import dev.helm.workflows.decide.Risk;
import dev.helm.workflows.decide.Suggestions;
import dev.helm.workflows.decide.ToolCall;
import dev.helm.workflows.decide.Verdict;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Everything that a person is shown of a call before deciding. */
final class PermissionText {
  /** Most of the model's text that a permission quotes as what led to it. */
  private static final int LED_CHARS_MAX = 2_000;

  private static final int BECAUSE_CHARS_MAX = 500;

  private final Runs runs;
  private final Blobs blobs;
  private final CallPreview preview;

  private final Set<String> operatorHosts;

  PermissionText(Runs runs, Blobs blobs, CallPreview preview, Set<String> operatorHosts) {
    this.operatorHosts = operatorHosts;
    this.runs = runs;
    this.blobs = blobs;
    this.preview = preview;
  }

  RunEvent event(
      CallContext context,
      Runs.RequestedCall requested,
      Verdict.Ask ask,
      ToolSource.Look look,
      List<Remembered> remembered,
      String id,
      Instant deadline) {
    Blueprint blueprint = context.info().blueprint();
    ToolCall call = context.call();
    boolean firstUse = !runs.usedBefore(context.run(), call.tool());
    List<String> recipients = Risk.recipients(call);
    CallPreview.Shown shown =
        look instanceof ToolSource.Look.Changed changed
            ? new CallPreview.Shown(blobs.content(changed.diff(), "text/x-diff"), null)
            : preview.of(context, remembered);
    return new RunEvent.PermissionRequested(
        id,
        context.toolUseId(),
        call.tool(),
        // What is shown is what was hashed and will be executed, also when people had changed it.
        context.changed() == null
            ? requested.arguments()
            : blobs.content(Objects.requireNonNull(context.changed()), "application/json"),
        context.argumentsHash(),
        context.changed() == null ? requested.object() : CallLine.object(call),
        Cut.middle(runs.saidBefore(context.run(), context.toolUseId()), LED_CHARS_MAX),
        ask.rule(),
        CallRecord.text(deadline),
        blueprint.permissions().approvers(),
        Cut.middle(because(ask, look), BECAUSE_CHARS_MAX),
        Risk.of(blueprint, call, firstUse),
        recipients.isEmpty() ? null : recipients,
        shown.text(),
        Suggestions.of(blueprint, remembered, call, operatorHosts),
        shown.preview());
  }

  private static String because(Verdict.Ask ask, ToolSource.Look look) {
    return switch (look) {
      case ToolSource.Look.Changed changed -> changed.because();
      case ToolSource.Look.Same same when same.hints() != null ->
          ask.because() + " · its server says, and nobody has checked: " + same.hints();
      case ToolSource.Look.Same same -> ask.because();
      case ToolSource.Look.Gone gone -> ask.because();
    };
  }
}
