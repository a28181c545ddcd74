package dev.helm.activities.tools;

import dev.helm.activities.run.Heart;
import dev.helm.activities.store.Runs;
import dev.helm.workflows.ToolActivity.Phase;
import dev.helm.workflows.ToolActivity.Reply;
import dev.helm.workflows.ToolActivity.Request;
import io.temporal.activity.Activity;
import io.temporal.failure.CanceledFailure;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Steps of one run's calls one after the other, whichever agent asks, since they write one
 * workspace: first come, first served. A call that waits for people, or for a sub-agent, is in no
 * step and holds up nobody.
 */
final class CallTurns {
  private static final long LOOK_EVERY_MS = 200;
  private static final int QUIET_RUNS_MAX = 10_000;

  private final Runs runs;
  private final Map<String, Line> lines = new ConcurrentHashMap<>();

  /** Runs of which it is known that no call of a former attempt is at work unseen. */
  private final Set<String> quiet =
      Collections.newSetFromMap(
          Collections.synchronizedMap(
              new LinkedHashMap<>() {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                  return size() > QUIET_RUNS_MAX;
                }
              }));

  CallTurns(Runs runs) {
    this.runs = runs;
  }

  /** Who works for a run, and who waits; guarded by itself. */
  private static final class Line {
    final Deque<Object> waiting = new ArrayDeque<>();
    @Nullable Object holder;
    int users;
  }

  /**
   * Takes the step when its turn has come.
   *
   * @param begun the call is at work already: it is attached to before anything new begins
   * @throws CanceledFailure when a person interrupts before that
   */
  Reply inTurn(Request request, boolean begun, Supplier<Reply> step) {
    if (request.phase() instanceof Phase.Dropped || request.phase() instanceof Phase.Approved) {
      // The one begins nothing, and ends what it began; the other only notes who has said yes.
      return step.get();
    }
    String run = request.run();
    Line line = enter(run);
    Object me = new Object();
    try {
      await(line, me, request, begun);
      boolean whole = false;
      try {
        Reply reply = step.get();
        whole = true;
        return reply;
      } finally {
        if (!whole) {
          // What it began may still be at work in the container.
          quiet.remove(run);
        }
        release(line, me);
      }
    } finally {
      leave(run);
    }
  }

  private void await(Line line, Object me, Request request, boolean begun) {
    synchronized (line) {
      if (begun) {
        line.waiting.addFirst(me);
      } else {
        line.waiting.addLast(me);
      }
    }
    Heart heart = null;
    try {
      for (Try last = take(line, me, request, begun);
          last != Try.TAKEN;
          last = take(line, me, request, begun)) {
        if (heart == null) {
          heart = Heart.start(Activity.getExecutionContext(), () -> wake(line));
        }
        if (heart.interrupted()) {
          throw new CanceledFailure("interrupted before its turn at the workspace had come");
        }
        rest(line, me, last);
      }
    } finally {
      if (heart != null) {
        heart.close();
      }
      synchronized (line) {
        line.waiting.remove(me);
        line.notifyAll();
      }
    }
  }

  private enum Try {
    TAKEN,
    BUSY,
    /** It would be its turn, but a call of a former attempt is at work. */
    UNSEEN
  }

  private Try take(Line line, Object me, Request request, boolean begun) {
    synchronized (line) {
      if (isBusy(line, me)) {
        return Try.BUSY;
      }
      line.holder = me;
    }
    if (begun || beginsNothing(request.phase()) || noneAtWork(request)) {
      return Try.TAKEN;
    }
    release(line, me);
    return Try.UNSEEN;
  }

  private static boolean isBusy(Line line, Object me) {
    return line.holder != null || line.waiting.peekFirst() != me;
  }

  /**
   * Only an end is recorded. That must not wait for a call at work, which may be one that this very
   * step closes: what a sub-agent left open when it ended.
   */
  private static boolean beginsNothing(Phase phase) {
    return phase instanceof Phase.Returned || phase instanceof Phase.TimedOut;
  }

  /** A command that a former life of this service began goes on until its call attaches to it. */
  private boolean noneAtWork(Request request) {
    if (quiet.contains(request.run())) {
      return true;
    }
    boolean none =
        runs.openCalls(request.run()).stream()
            .allMatch(call -> call.toolUseId().equals(request.toolUseId()));
    if (none) {
      quiet.add(request.run());
    }
    return none;
  }

  private static void rest(Line line, Object me, Try last) {
    synchronized (line) {
      try {
        if (last == Try.UNSEEN || isBusy(line, me)) {
          line.wait(LOOK_EVERY_MS);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CanceledFailure("the service ends");
      }
    }
  }

  private static void wake(Line line) {
    synchronized (line) {
      line.notifyAll();
    }
  }

  private static void release(Line line, Object me) {
    synchronized (line) {
      if (line.holder == me) {
        line.holder = null;
      }
      line.notifyAll();
    }
  }

  private Line enter(String run) {
    return lines.compute(
        run,
        (id, known) -> {
          Line line = known == null ? new Line() : known;
          line.users++;
          return line;
        });
  }

  private void leave(String run) {
    lines.computeIfPresent(run, (id, line) -> --line.users == 0 ? null : line);
  }
}
