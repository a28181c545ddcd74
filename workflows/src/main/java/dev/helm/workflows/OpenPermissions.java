package dev.helm.workflows;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What people said of the calls that wait for them. The first decision counts: a denial by anybody,
 * or the allow that makes it as many different people as there must be, all of the same arguments.
 * Whoever changes the arguments begins the count anew.
 */
final class OpenPermissions {
  private final Map<String, Open> open = new HashMap<>();
  private final List<Signals.Decide> early = new ArrayList<>();

  /** One permission. Arguments are named by their hash, since that is what people agree on. */
  private static final class Open {
    private final int need;
    private final Set<String> allowedBy = new LinkedHashSet<>();
    private final ArrayDeque<ToolActivity.Phase.Approved> toNote = new ArrayDeque<>();
    private String hash;
    private Signals.@Nullable Edited edited;
    private Signals.@Nullable Decide decision;

    Open(String hash, int need) {
      this.hash = hash;
      this.need = need;
    }

    void take(Signals.Decide said) {
      if (decision != null) {
        return;
      }
      if (!said.allow()) {
        decision = said;
        return;
      }
      if (!hash.equals(said.argumentsHash())) {
        // What was shown is not what is asked now.
        return;
      }
      Signals.Edited edit = said.edited();
      if (edit != null && !edit.argumentsHash().equals(hash)) {
        hash = edit.argumentsHash();
        edited = edit;
        allowedBy.clear();
      }
      if (!allowedBy.add(said.by())) {
        return;
      }
      if (allowedBy.size() >= need) {
        decision = said.on(edited);
      } else {
        toNote.add(new ToolActivity.Phase.Approved(said.on(edited), allowedBy.size(), need));
      }
    }
  }

  /**
   * The log shows a permission a moment before the workflow knows of it, so an answer may come
   * before {@link #open}: it is kept until then.
   */
  void decide(Signals.Decide decision) {
    Open asked = open.get(decision.permissionId());
    if (asked != null) {
      asked.take(decision);
      return;
    }
    early.add(decision);
    if (early.size() > RunState.SEEN_MAX) {
      early.removeFirst();
    }
  }

  void open(ToolActivity.Reply.Waits wait) {
    String hash = wait.argumentsHash();
    if (hash != null) {
      ToolActivity.Asking asking = wait.asking();
      Open asked = new Open(hash, asking == null ? 1 : asking.need());
      open.put(wait.waitId(), asked);
      early.stream().filter(said -> said.permissionId().equals(wait.waitId())).forEach(asked::take);
      early.removeIf(said -> said.permissionId().equals(wait.waitId()));
    }
  }

  /** The decision, or null while there is none. */
  Signals.@Nullable Decide decision(String permissionId) {
    Open asked = open.get(permissionId);
    return asked == null ? null : asked.decision;
  }

  /** Whether an approval by one of several is not in the log yet. */
  boolean hasApproval(String permissionId) {
    Open asked = open.get(permissionId);
    return asked != null && !asked.toNote.isEmpty();
  }

  /** The oldest of them, or null. */
  ToolActivity.Phase.@Nullable Approved takeApproval(String permissionId) {
    Open asked = open.get(permissionId);
    return asked == null ? null : asked.toNote.poll();
  }

  void close(String permissionId) {
    open.remove(permissionId);
  }
}
