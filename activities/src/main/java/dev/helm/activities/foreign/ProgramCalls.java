package dev.helm.activities.foreign;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The calls of one life of a program, between its connections and the workflow. What may look like
 * a repetition is decided here, and only here:
 *
 * <ul>
 *   <li>A call whose connection was closed before Helm took it up never happened.
 *   <li>One whose connection was closed later still ends; the next call of the same tool with the
 *       same arguments gets its answer, and is no second call.
 *   <li>In a life that is not the first, a call that an earlier life made gets the answer that the
 *       log has, once for each time it was made, until the program has read the history.
 *   <li>Any other call is a new one.
 * </ul>
 */
public final class ProgramCalls {
  /** Calls that wait for their answers at one time. */
  static final int MAX_OPEN_CALLS = 32;

  /** Answers that wait for somebody to ask the same again. */
  static final int UNREAD_MAX = 64;

  private static final long SETTLE_MS = 25;
  private static final int SETTLE_ROUNDS_MAX = 8;

  private final String session;
  private final AgentEvents events;
  private final Map<String, Deque<Given.Result>> recorded;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<ProgramCall> arrived = new ArrayDeque<>();
  private final Map<String, ProgramCall> taken = new LinkedHashMap<>();
  private final Map<String, ProgramCall> fetching = new HashMap<>();
  private final Set<ProgramCall> unread = new LinkedHashSet<>();
  private final List<Given.Message> messages = new ArrayList<>();
  private final Set<String> heard = new HashSet<>();
  private int count;
  private boolean interrupted;
  private boolean ended;

  ProgramCalls(SessionStart start) {
    this.session = start.session();
    this.events = start.events();
    this.recorded = History.recorded(start.history());
    // It has these in its environment.
    start.messages().forEach(message -> heard.add(message.id()));
  }

  /** There are too many open calls, or the program is over. */
  public static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;

    Refused(String message) {
      super(message);
    }
  }

  // ---- the program's side ------------------------------------------------------------------

  /** A call that arrives; its answer completes the call's {@code caller()}. */
  ProgramCall call(String tool, String arguments) {
    String same = History.sameness(tool, arguments);
    lock.lock();
    try {
      if (ended) {
        throw new Refused("the program is over; nothing is carried out for it any more");
      }
      ProgramCall left = same == null ? null : left(same);
      if (left != null) {
        var unused = left.join();
        return left;
      }
      ProgramCall call = new ProgramCall("call_" + session + "_" + ++count, tool, arguments, same);
      Deque<Given.Result> before = same == null ? null : recorded.get(same);
      if (before != null && !before.isEmpty()) {
        answer(call, before.removeFirst());
        return call;
      }
      if (arrived.size() + taken.size() >= MAX_OPEN_CALLS) {
        throw new Refused(MAX_OPEN_CALLS + " calls wait for their answers; wait for one of them");
      }
      arrived.add(call);
      changed.signalAll();
      return call;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A call that did not come over the endpoint; it is no repetition of another.
   *
   * @param agent the label of the sub-agent that asks, or null
   * @param fetched whether the same call will come over the endpoint to read what this one gave
   * @throws Refused there are too many, or the program is over
   */
  public ProgramCall raise(
      String toolUseId, String tool, String arguments, @Nullable String agent, boolean fetched) {
    lock.lock();
    try {
      if (ended) {
        throw new Refused("the program is over; nothing is carried out for it any more");
      }
      if (arrived.size() + taken.size() >= MAX_OPEN_CALLS) {
        throw new Refused(MAX_OPEN_CALLS + " calls wait for their answers; wait for one of them");
      }
      String same = fetched ? History.sameness(tool, arguments) : null;
      ProgramCall call = new ProgramCall(toolUseId, tool, arguments, same, agent, fetched);
      if (fetched) {
        fetching.put(toolUseId, call);
      }
      arrived.add(call);
      changed.signalAll();
      return call;
    } finally {
      lock.unlock();
    }
  }

  /** What people have said that the program has not been told of; from now on it has. */
  public List<Given.Message> said() {
    lock.lock();
    try {
      List<Given.Message> said =
          messages.stream().filter(message -> events.reads(message.id())).toList();
      messages.clear();
      return said;
    } finally {
      lock.unlock();
    }
  }

  /** The same call of a connection that is closed, or null. */
  private @Nullable ProgramCall left(String same) {
    for (Iterator<ProgramCall> each = unread.iterator(); each.hasNext(); ) {
      ProgramCall call = each.next();
      if (same.equals(call.sameness())) {
        each.remove();
        return call;
      }
    }
    for (ProgramCall call : taken.values()) {
      if (same.equals(call.sameness()) && call.gone()) {
        return call;
      }
    }
    return null;
  }

  /** Keeps an answer for whoever asks the same again; the oldest is forgotten first. */
  private void keep(ProgramCall call) {
    unread.add(call);
    if (unread.size() > UNREAD_MAX) {
      unread.remove(unread.iterator().next());
    }
  }

  /**
   * The call that was raised under this id is over. Of answers that are to be fetched there are no
   * more than calls that may fetch them: two of the same may have fetched each other's.
   */
  public void fetched(String toolUseId) {
    lock.lock();
    try {
      ProgramCall call = fetching.remove(toolUseId);
      String same = call == null ? null : call.sameness();
      if (same == null) {
        return;
      }
      long open = fetching.values().stream().filter(each -> same.equals(each.sameness())).count();
      List<ProgramCall> left =
          unread.stream().filter(each -> each.fetched() && same.equals(each.sameness())).toList();
      left.stream().limit(Math.max(0, left.size() - open)).forEach(unread::remove);
    } finally {
      lock.unlock();
    }
  }

  /** The answer could not be written: whoever asks the same again gets it. */
  void unread(ProgramCall call) {
    lock.lock();
    try {
      if (!taken.containsKey(call.toolUseId()) && !ended) {
        keep(call);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The program has read what earlier lives did: from now on its calls are new ones. */
  void historyIsKnown() {
    lock.lock();
    try {
      recorded.clear();
    } finally {
      lock.unlock();
    }
  }

  // ---- Helm's side -------------------------------------------------------------------------

  /** Answers what waits, as far as anything was given. */
  void give(Given given) {
    lock.lock();
    try {
      for (Given.Message message : given.messages()) {
        if (heard.add(message.id())) {
          messages.add(message);
        }
      }
      for (Given.Result result : given.results()) {
        ProgramCall call = taken.remove(result.toolUseId());
        if (call != null) {
          answer(call, result);
          if (call.gone() || (call.fetched() && !result.error())) {
            keep(call);
          }
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void answer(ProgramCall call, Given.Result result) {
    List<Given.Message> said = call.gone() ? List.of() : said();
    call.answer(new ProgramCall.Answer(result.text(), result.error(), said));
  }

  /**
   * Waits until the program asks for something; what comes together is taken together. Null when it
   * is over or interrupted.
   */
  @Nullable List<Next.Asked> take() throws InterruptedException {
    lock.lock();
    try {
      while (true) {
        while (arrived.isEmpty() && !ended && !interrupted) {
          changed.await();
        }
        if (ended || interrupted) {
          return null;
        }
        settle();
        arrived.removeIf(ProgramCall::gone);
        List<Next.Asked> asked = new ArrayList<>();
        for (ProgramCall call : arrived) {
          taken.put(call.toolUseId(), call);
          asked.add(call.asked());
        }
        arrived.clear();
        if (!asked.isEmpty()) {
          return asked;
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void settle() throws InterruptedException {
    int before = -1;
    for (int i = 0; i < SETTLE_ROUNDS_MAX && arrived.size() != before && !ended; i++) {
      before = arrived.size();
      long leftNs = TimeUnit.MILLISECONDS.toNanos(SETTLE_MS);
      while (leftNs > 0 && !ended) {
        leftNs = changed.awaitNanos(leftNs);
      }
    }
  }

  /** Whether it was interrupted since the last time that this was asked. */
  boolean takeInterrupt() {
    lock.lock();
    try {
      boolean was = interrupted;
      interrupted = false;
      return was;
    } finally {
      lock.unlock();
    }
  }

  void interrupt() {
    lock.lock();
    try {
      interrupted = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether a call is at work that nobody waits for. */
  boolean someoneLeft() {
    lock.lock();
    try {
      return taken.values().stream().anyMatch(ProgramCall::gone);
    } finally {
      lock.unlock();
    }
  }

  /** The program is over; nobody is answered any more. */
  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
      Refused over = new Refused("the program is over");
      arrived.forEach(call -> call.fail(over));
      taken.values().forEach(call -> call.fail(over));
    } finally {
      lock.unlock();
    }
  }
}
