package dev.helm.cli.verify;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a log may say at all: no call starts without a gate that the log justifies, each call ends
 * once, and nothing follows a run's end but what may.
 */
final class LogRules {
  private static final String PART = "rules";
  private static final Set<String> AFTER_END =
      Set.of("run.rolledback", "run.forked", "notification.sent", "blob.erased", "budget.charged");
  private static final Set<String> GATES = Set.of("rule", "person", "hook", "builtin");

  /** The gate of an attempt that follows one whose container was lost; only reads are repeated. */
  private static final String REPEAT = "repeat after loss";

  /** What they do no rollback takes back: once begun, nobody but a person has them done again. */
  private static final Set<String> OUTWARD = Set.of("SendEmail", "Publish", "Agent");

  private static final Pattern REMEMBERED = Pattern.compile("(tool|permission|question|hook)\\..*");
  private static final List<String> KEPT =
      List.of("toolUseId", "argumentsHash", "permissionId", "questionId", "by");
  private static final long KEPT_CHARS_MAX = 256L << 20;
  private static final int ENTRY_CHARS = 200;

  private final Report report;
  private final long keptCharsMax;
  private final Map<String, String> requested = new HashMap<>();
  private final Map<String, String> allowed = new HashMap<>();
  private final Map<String, Long> needed = new HashMap<>();
  private final Map<String, Set<String>> approved = new HashMap<>();
  private final Map<String, Set<String>> begun = new HashMap<>();
  private final Set<String> repeatable = new HashSet<>();
  private final Set<String> decided = new HashSet<>();
  private final Set<String> ended = new HashSet<>();
  private final Set<String> blocked = new HashSet<>();
  private final Epochs epochs = new Epochs();
  private boolean over;
  private long calls;
  private long keptChars;

  LogRules(Report report) {
    this(report, KEPT_CHARS_MAX);
  }

  LogRules(Report report, long keptCharsMax) {
    this.report = report;
    this.keptCharsMax = keptCharsMax;
  }

  /** How many calls were started. */
  long calls() {
    return calls;
  }

  /** Takes the next event. */
  void take(ChainCheck.Read event) {
    if (event.seq() == 1 != event.type().equals("run.created")) {
      fault(event, "a run begins with run.created, and only there");
    }
    if (over && !AFTER_END.contains(event.type())) {
      fault(event, event.type() + " stands after run.finished");
    }
    if (full(event)) {
      return;
    }
    switch (event.type()) {
      case "run.finished" -> over = true;
      case "run.rolledback" -> newEpoch(event);
      case "tool.requested" -> requested.putIfAbsent(call(event), text(event, "argumentsHash"));
      case "hook.ran" -> changed(event);
      case "tool.started" -> started(event);
      case "tool.blocked" -> blocked(event);
      case "tool.finished" -> finished(event);
      case "permission.requested" -> asked(event);
      case "permission.approved" -> approved(event);
      case "permission.decided" -> decided(event);
      case "question.answered" -> answered(event);
      default -> {
        // Says nothing of calls; readers keep types that they do not know.
      }
    }
  }

  /** Attack: a log names calls without end until the memory is full. */
  private boolean full(ChainCheck.Read event) {
    if (!REMEMBERED.matcher(event.type()).matches()) {
      return false;
    }
    boolean before = keptChars > keptCharsMax;
    keptChars += ENTRY_CHARS;
    KEPT.forEach(name -> keptChars += text(event, name).length());
    boolean now = keptChars > keptCharsMax;
    if (now && !before) {
      fault(event, "the log names more calls than can be checked; from here on none was");
    }
    return now;
  }

  /**
   * Effects are keyed by epoch: what was asked before a rollback may be asked and done again. What
   * had ended by the step that the run goes back to has its result there, and does not run again.
   */
  private void newEpoch(ChainCheck.Read event) {
    over = false;
    epochs.begins(event.seq(), event.data().get("toSeq") instanceof Number to ? to.longValue() : 0);
    ended.clear();
    ended.addAll(epochs.endedInPast());
    blocked.clear();
    allowed.clear();
    approved.clear();
    begun.clear();
    decided.clear();
    repeatable.clear();
  }

  /** A hook of the blueprint's version may change what is asked for, before the gate decides. */
  private void changed(ChainCheck.Read event) {
    String call = call(event);
    String hash = text(event, "argumentsHash");
    if (!hash.isEmpty() && requested.containsKey(call) && !begun.containsKey(call)) {
      requested.put(call, hash);
    }
  }

  private void started(ChainCheck.Read event) {
    calls++;
    String call = call(event);
    if (ended.contains(call) || blocked.contains(call)) {
      fault(event, "the call " + call + " starts after its end");
    }
    String gate =
        event.data().get("gate") instanceof Map<?, ?> map ? gate(event, map, call) : "no gate";
    if (!gate.isEmpty()) {
      fault(event, "the call " + call + " was started and the log does not justify it: " + gate);
    } else if (OUTWARD.contains(text(event, "tool"))
        && epochs.begunBefore(call)
        && !(event.data().get("gate") instanceof Map<?, ?> map && "person".equals(map.get("by")))) {
      fault(event, "the call " + call + " was begun before a rollback, and repeats unasked");
    }
    epochs.begun(call);
    begun.computeIfAbsent(call, _ -> new HashSet<>()).add(text(event, "argumentsHash"));
  }

  private String gate(ChainCheck.Read event, Map<?, ?> gate, String call) {
    String by = String.valueOf(gate.get("by"));
    String hash = text(event, "argumentsHash");
    String asked = requested.get(call);
    if (!GATES.contains(by)) {
      return "the gate \"" + by + "\" is none";
    }
    if (asked == null) {
      return "the model did not ask for it";
    }
    if (by.equals("person")) {
      String id = String.valueOf(gate.get("permissionId"));
      if (repeatable.contains(id)) {
        return "";
      }
      return person(id, hash);
    }
    if (by.equals("builtin") && REPEAT.equals(gate.get("rule"))) {
      boolean same = begun.getOrDefault(call, Set.of()).contains(hash);
      return same ? "" : "it repeats what was not begun with these arguments";
    }
    if (by.equals("rule") && !(gate.get("rule") instanceof String)) {
      return "it names no rule";
    }
    return asked.equals(hash) ? "" : "what was asked for has other arguments";
  }

  private String person(String id, String hash) {
    String allow = allowed.get(id);
    if (allow == null) {
      return "nobody allowed " + id;
    }
    if (!allow.equals(hash)) {
      return "what was allowed has other arguments";
    }
    int have = approved.getOrDefault(id + " " + hash, Set.of()).size();
    long need = needed.getOrDefault(id, 1L);
    return have >= need ? "" : have + " of " + need + " people allowed it";
  }

  private void asked(ChainCheck.Read event) {
    if (event.data().get("approvers") instanceof Number approvers) {
      needed.put(text(event, "permissionId"), approvers.longValue());
    }
  }

  /** Different people count, each for exactly these arguments. */
  private void approved(ChainCheck.Read event) {
    String of = text(event, "permissionId") + " " + text(event, "argumentsHash");
    approved.computeIfAbsent(of, _ -> new HashSet<>()).add(text(event, "by"));
  }

  private void decided(ChainCheck.Read event) {
    String id = text(event, "permissionId");
    if (!decided.add(id)) {
      fault(event, "the permission " + id + " is decided a second time");
    }
    if ("allow".equals(event.data().get("decision"))) {
      if ("timeout".equals(event.data().get("by"))) {
        fault(event, "silence allowed the permission " + id);
      } else {
        allowed.put(id, text(event, "argumentsHash"));
        approved(event);
      }
    }
  }

  private void answered(ChainCheck.Read event) {
    if ("again".equals(event.data().get("answer")) && !"timeout".equals(event.data().get("by"))) {
      repeatable.add(text(event, "questionId"));
    }
  }

  private void blocked(ChainCheck.Read event) {
    String call = call(event);
    if (!blocked.add(call) || ended.contains(call)) {
      fault(event, "the call " + call + " ends a second time");
    }
    epochs.ended(call, event.seq());
  }

  private void finished(ChainCheck.Read event) {
    String call = call(event);
    if (!ended.add(call) || blocked.contains(call)) {
      fault(event, "the call " + call + " ends a second time");
    }
    epochs.ended(call, event.seq());
    if (!requested.containsKey(call)) {
      fault(event, "the call " + call + " ends and the model did not ask for it");
    }
  }

  private void fault(ChainCheck.Read event, String text) {
    report.fault(PART, event.seq(), "event " + event.seq() + ": " + text);
  }

  private static String call(ChainCheck.Read event) {
    return text(event, "toolUseId");
  }

  private static String text(ChainCheck.Read event, String name) {
    @Nullable Object value = event.data().get(name);
    return value instanceof String text ? text : "";
  }
}
