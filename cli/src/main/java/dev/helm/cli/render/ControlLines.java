package dev.helm.cli.render;

import dev.helm.api.event.RunEvent;
import java.util.List;

/** Lines of what people and Helm do to a run as a whole: approvals, snapshots, sub-agents. */
final class ControlLines {
  private ControlLines() {}

  /** The lines of one event; none for what the log shows only when asked. */
  static List<Line> of(Line line, RunEvent event) {
    return switch (event) {
      case RunEvent.PermissionApproved e ->
          List.of(
              line.add(Role.LIVE, "allowed by " + SafeText.line(e.by()))
                  .add(Role.QUIET, " · " + e.have() + " of " + e.need())
                  .add(Role.WAIT, e.arguments() == null ? "" : " · with other arguments"));
      case RunEvent.PermissionReminded e ->
          List.of(
              line.add(
                      Role.WAIT,
                      e.stage().equals("escalated")
                          ? "escalated to " + SafeText.line(names(e.to())) + ", still waits"
                          : "still waits for a person")
                  .add(
                      Role.QUIET,
                      e.to().isEmpty() || e.stage().equals("escalated")
                          ? ""
                          : " · " + SafeText.line(names(e.to()))));
      case RunEvent.RunRolledback e ->
          List.of(
              line.add(Role.WAIT, "rolled back to step " + e.toSeq())
                  .add(
                      Role.QUIET,
                      " · %d files made, %d changed, %d deleted"
                              .formatted(e.created(), e.changed(), e.deleted())
                          + " · by "
                          + SafeText.line(e.by())));
      case RunEvent.RunForked e ->
          List.of(
              line.add(Role.TEXT, "forked at step " + e.atSeq() + " into ")
                  .object(Role.STRONG, SafeText.line(e.child()))
                  .add(Role.QUIET, " · by " + SafeText.line(e.by())));
      case RunEvent.SubagentSpawned e ->
          List.of(
              line.add(Role.REST, "agent " + SafeText.line(e.subagent()) + " · ")
                  .object(Role.TEXT, SafeText.line(e.description())));
      case RunEvent.SubagentFinished e ->
          List.of(
              line.add(
                  Role.REST,
                  "agent " + SafeText.line(e.subagent()) + " " + SafeText.line(e.outcome())));
      case RunEvent.HookRan e ->
          List.of(
              line.add(
                      e.outcome().equals("passed") ? Role.QUIET : Role.WAIT,
                      "hook " + SafeText.line(e.outcome()) + " · ")
                  .object(Role.TEXT, SafeText.line(e.hook()))
                  .add(Role.QUIET, e.reason() == null ? "" : " · " + SafeText.line(e.reason())));
      case RunEvent.RunStalled e ->
          List.of(line.add(Role.WAIT, "stalled · ").object(Role.TEXT, SafeText.line(e.detail())));
      case RunEvent.BlobErased e ->
          List.of(line.add(Role.QUIET, "content erased · by " + SafeText.line(e.by())));
      case RunEvent.McpConnected e ->
          List.of(
              line.add(
                  e.changed() ? Role.WAIT : Role.QUIET,
                  "mcp "
                      + SafeText.line(e.server())
                      + " · "
                      + e.tools()
                      + (e.tools() == 1 ? " tool" : " tools")
                      + (e.changed() ? " · its tools have changed" : "")));
      case RunEvent.McpFailed e ->
          List.of(
              line.add(Role.STOP, "mcp " + SafeText.line(e.server()) + " failed · ")
                  .object(Role.TEXT, SafeText.line(e.reason())));
      default -> List.of();
    };
  }

  private static String names(List<String> roles) {
    return String.join(", ", roles);
  }
}
