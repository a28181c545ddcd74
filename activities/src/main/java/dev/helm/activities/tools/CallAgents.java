package dev.helm.activities.tools;

import dev.helm.activities.agents.AgentView;
import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.SubAgent;
import dev.helm.api.blueprint.ToolNames;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The two ends of a sub-agent: it is let begin, and its last word becomes the call's result. */
final class CallAgents {
  private static final int DESCRIPTION_CHARS_MAX = 200;

  private final CallRecord record;
  private final Blobs blobs;
  private final Runs runs;

  CallAgents(CallRecord record, Blobs blobs, Runs runs) {
    this.record = record;
    this.blobs = blobs;
    this.runs = runs;
  }

  /**
   * Why no sub-agent may begin for this call, or null.
   *
   * @param ofHelm whether it is Helm's own loop; another runtime has kinds of its own, which have
   *     all of their parent's tools
   */
  @Nullable String refusal(CallContext context, boolean ofHelm) {
    String prompt = context.call().text("prompt");
    if (prompt == null || prompt.isBlank()) {
      return "The sub-agent's prompt is missing; nothing was started.";
    }
    Object kind = context.call().arguments().get("subagent_type");
    if (ofHelm && kind != null && named(context) == null) {
      Set<String> names = context.info().blueprint().subAgents().keySet();
      return "There is no sub-agent named "
          + Cut.middle(String.valueOf(kind), DESCRIPTION_CHARS_MAX)
          + (names.isEmpty()
              ? "; leave subagent_type out."
              : "; subagent_type is one of " + String.join(", ", names) + ".")
          + " Nothing was started.";
    }
    List<String> asked = asked(context);
    if (asked == null) {
      return "tools has to be a list of names of tools; nothing was started.";
    }
    for (String tool : asked) {
      if (ToolNames.both(parents(context), List.of(tool)).isEmpty()) {
        return "A sub-agent cannot have more than the agent that asks for it, and that has no tool"
            + " named "
            + Cut.middle(tool, DESCRIPTION_CHARS_MAX)
            + "; nothing was started.";
      }
    }
    Blueprint.Limits limits = context.info().blueprint().limits();
    if (depth(context) > limits.subAgentDepth()) {
      return "Sub-agents may be nested "
          + limits.subAgentDepth()
          + " deep (limits.subAgentDepth of the blueprint); nothing was started.";
    }
    long had = runs.subagents(context.run()).stream().filter(Runs.Subagent::kept).count();
    return had >= limits.subAgents()
        ? "This run has had its "
            + limits.subAgents()
            + " sub-agents (limits.subAgents of the blueprint); do the work yourself."
        : null;
  }

  /** Commits the facts and that the sub-agent begins, after which its workflow may. */
  Reply spawn(CallContext context, List<Fact> facts) {
    List<Fact> all = new ArrayList<>(facts);
    String label = spawned(context, all).subagent();
    return record.replies(context, all, new Reply.Spawns(label));
  }

  /** Adds the fact that the sub-agent begins. */
  RunEvent.SubagentSpawned spawned(CallContext context, List<Fact> facts) {
    List<Runs.Subagent> known = runs.subagents(context.run());
    String parent = context.request().agent();
    long siblings = known.stream().filter(other -> parentOf(other.agent()).equals(parent)).count();
    String description = context.call().text("description");
    // That the call has both, refusal() has seen.
    String prompt = Objects.requireNonNull(context.call().text("prompt"));
    List<String> asked = Objects.requireNonNull(asked(context));
    int depth = depth(context);
    RunEvent.SubagentSpawned spawned =
        new RunEvent.SubagentSpawned(
            parent + "/" + (siblings + 1),
            context.toolUseId(),
            Cut.middle(description == null ? "" : description, DESCRIPTION_CHARS_MAX),
            depth,
            AgentView.tools(
                ofKind(context), asked, depth, context.info().blueprint().limits().subAgentDepth()),
            record.content(prompt),
            named(context) == null ? null : context.call().text("subagent_type"));
    // One key for each sub-agent of the run: two that begin at once cannot pass the limit.
    facts.add(new Fact("subagents/" + (known.size() + 1), parent, spawned));
    return spawned;
  }

  /** Its end: what it left open is closed, and what it said last is the call's result. */
  Reply returned(CallContext context, Phase.Returned returned) {
    List<Fact> facts = new ArrayList<>();
    for (Runs.OpenCall open : runs.openCalls(context.run())) {
      if ((open.agent() + "/").startsWith(returned.subagent() + "/")) {
        String key = open.key().substring(0, open.key().lastIndexOf('/') + 1) + "finished";
        facts.add(RunLog.endOfOpen(key, open.agent(), open.toolUseId(), open.tool()));
      }
    }
    facts.add(
        context.fact(
            "subagent",
            new RunEvent.SubagentFinished(
                returned.subagent(), context.toolUseId(), returned.outcome(), returned.reason())));
    return record.finished(context, facts, end(context, returned), 0);
  }

  private ToolEnd end(CallContext context, Phase.Returned returned) {
    String said = runs.lastSaid(context.run(), returned.subagent());
    String last = said.isBlank() ? "" : "\n\nWhat it said last:\n" + said;
    String reason = returned.reason() == null ? "" : ": " + returned.reason();
    return switch (returned.outcome()) {
      case "succeeded" ->
          ToolEnd.ok("ok", said.isBlank() ? "(The sub-agent ended without a word.)" : said);
      case "cancelled" -> ToolEnd.interrupted("The sub-agent was ended" + reason + last);
      default -> ToolEnd.failed("failed · the sub-agent", "The sub-agent failed" + reason + last);
    };
  }

  private static List<String> parents(CallContext context) {
    return context.info().blueprint().tools();
  }

  /** What of its parent's tools a sub-agent of this kind may have. */
  private static List<String> ofKind(CallContext context) {
    SubAgent named = named(context);
    return named == null || named.tools().isEmpty()
        ? parents(context)
        : ToolNames.both(parents(context), named.tools());
  }

  /** The blueprint's sub-agent that the call names, or null. */
  private static @Nullable SubAgent named(CallContext context) {
    String kind = context.call().text("subagent_type");
    return kind == null ? null : context.info().blueprint().subAgents().get(kind);
  }

  /** Which tools the call names, all of the parent's if it names none, null if it is no list. */
  private static @Nullable List<String> asked(CallContext context) {
    Object tools = context.call().arguments().get("tools");
    if (tools == null) {
      return parents(context);
    }
    return tools instanceof List<?> list && list.stream().allMatch(String.class::isInstance)
        ? list.stream().map(String::valueOf).toList()
        : null;
  }

  private static int depth(CallContext context) {
    return (int) context.request().agent().chars().filter(c -> c == '/').count() + 1;
  }

  private static String parentOf(String label) {
    return label.substring(0, label.lastIndexOf('/'));
  }
}
