package dev.helm.activities.foreign.claude;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.foreign.Next;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The calls of one life of a runtime. Of one that has ended only its id is kept, so that the id
 * lets no other pass. Guarded by its session.
 */
final class RuntimeCalls {
  /** Calls that come within this time are one batch. */
  static final long SETTLE_MS = 120;

  /** Most calls of one life. */
  static final int CALLS_MAX = 100_000;

  /** Most calls that wait for Helm at one time. */
  static final int BATCH_MAX = 64;

  /** Most calls that have not ended at one time. */
  static final int OPEN_MAX = 1_000;

  private final Map<String, PendingCall> open = new LinkedHashMap<>();
  private final Set<String> past = new HashSet<>();
  private final Map<String, PendingCall> announced = new LinkedHashMap<>();
  private final List<PendingCall> fresh = new ArrayList<>();
  private long freshNs;

  /** A call that has not ended, or null. */
  @Nullable PendingCall of(String id) {
    return open.get(id);
  }

  /** The model has asked for a call; the runtime has not begun to ask about it. */
  void announce(String id, String tool, JsonNode input, @Nullable String agent) {
    if (callable(id, tool, input) && !open.containsKey(id) && !past.contains(id)) {
      announced.put(id, new PendingCall(id, tool, input, agent));
      if (announced.size() > OPEN_MAX) {
        announced.remove(announced.keySet().iterator().next());
      }
    }
  }

  /** Whether it is exactly this that the model has asked for. */
  boolean announced(String id, String tool, JsonNode input) {
    PendingCall call = announced.get(id);
    return call != null && call.asks(tool, input);
  }

  /** Whether the id is that of a call, be it announced, open or over. */
  boolean named(String id) {
    return announced.containsKey(id) || open.containsKey(id) || past.contains(id);
  }

  private static boolean callable(String id, String tool, JsonNode input) {
    return !id.isEmpty()
        && id.length() <= 128
        && !tool.isEmpty()
        && !OwnTools.misnamed(tool)
        && input.isObject();
  }

  /** Begins a call that was announced, or null where it cannot begin. */
  @Nullable PendingCall begin(String id, String tool, JsonNode input) {
    if (!announced(id, tool, input)
        || open.size() >= OPEN_MAX
        || open.size() + past.size() >= CALLS_MAX) {
      return null;
    }
    PendingCall call = Objects.requireNonNull(announced.remove(id));
    open.put(id, call);
    fresh.add(call);
    freshNs = System.nanoTime();
    return call;
  }

  /** The call has ended; whoever waits for its verdict is denied. */
  void ended(PendingCall call) {
    call.deny("The runtime has given this call up.");
    if (open.remove(call.id, call)) {
      past.add(call.id);
    }
  }

  /** How long until the calls that have come are a batch; 0 now, negative when there are none. */
  long settlesInNs() {
    if (fresh.isEmpty()) {
      return -1;
    }
    return fresh.size() >= BATCH_MAX
        ? 0
        : Math.max(0, freshNs + SETTLE_MS * 1_000_000 - System.nanoTime());
  }

  /** Takes the calls that nobody has taken. */
  List<Next.Asked> take() {
    List<Next.Asked> asked = new ArrayList<>();
    for (PendingCall call : fresh) {
      asked.add(new Next.Asked(call.id, call.tool(), call.arguments(), call.agent));
    }
    fresh.clear();
    return asked;
  }

  /** Whether a call is carried out by the runtime now. */
  boolean working() {
    return open.values().stream().anyMatch(call -> call.allowed() && !call.end.isDone());
  }

  /** The runtime is gone: nothing is decided any more, and what it carried out has no known end. */
  void gone(Exception why) {
    for (PendingCall call : List.copyOf(open.values())) {
      call.end.completeExceptionally(why);
      ended(call);
    }
  }

  /** Lets a call go with these arguments, unless it is decided already or gone. */
  boolean allow(String id, JsonNode arguments) {
    PendingCall call = of(id);
    if (call == null || call.decided()) {
      return false;
    }
    call.allow(arguments);
    return true;
  }

  /** Lets a call not go, if it is still there. */
  void deny(String id, String reason) {
    PendingCall call = of(id);
    if (call != null) {
      call.deny(reason);
    }
  }
}
