package dev.helm.activities.foreign;

import dev.helm.activities.agents.AgentView;
import dev.helm.activities.images.SandboxImages;
import dev.helm.activities.run.Heart;
import dev.helm.activities.sandbox.NoEngine;
import dev.helm.activities.sandbox.SandboxException;
import dev.helm.activities.sandbox.SandboxRefused;
import dev.helm.activities.store.Conversations;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.workflows.ModelActivity;
import io.temporal.activity.Activity;
import io.temporal.failure.ApplicationFailure;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A foreign agent where the workflow expects a model: what it asks for is journaled as an answer
 * with tool calls, its end as an answer without. The journal is asked first; an attempt that is
 * repeated in the same process waits for the same answer.
 */
final class ForeignModel {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Duration AGAIN = Duration.ofSeconds(1);

  /** Less than the activity may take. */
  private static final long ATTEMPT_MS_MAX = TimeUnit.MINUTES.toMillis(25);

  /** Refusals of the sandbox that pass by themselves. */
  private static final Set<String> PASSING =
      Set.of("full", "superseded", "boxes", SandboxImages.BUILDING);

  private final ForeignSessions sessions;
  private final Conversations conversations;
  private final Runs runs;
  private final TurnFacts facts;
  private final Told told;

  ForeignModel(
      ForeignSessions sessions,
      Conversations conversations,
      Runs runs,
      TurnFacts facts,
      Told told) {
    this.sessions = sessions;
    this.conversations = conversations;
    this.runs = runs;
    this.facts = facts;
    this.told = told;
  }

  ModelActivity.Reply call(ModelActivity.Request request) {
    ModelActivity.Reply done = facts.journaled(request);
    if (done != null) {
      return done;
    }
    AtomicReference<@Nullable ForeignSession> session = new AtomicReference<>();
    Runnable interrupt =
        () -> {
          ForeignSession open = session.get();
          if (open != null) {
            open.driver().interrupt();
          }
        };
    try (Heart heart = Heart.start(Activity.getExecutionContext(), interrupt)) {
      Runs.Info info = runs.info(request.run());
      facts.begins(request);
      ForeignSession open = session(request, info);
      if (open == null) {
        return new ModelActivity.Reply.Refused(
            "nothing here can drive agent " + info.blueprint().agent());
      }
      session.set(open);
      if (heart.interrupted()) {
        return new ModelActivity.Reply.Interrupted();
      }
      return take(request, info, open);
    } catch (RunLog.KeyConflictException e) {
      // An attempt that Temporal had given up was first; its answer is the answer.
      ModelActivity.Reply first = facts.journaled(request);
      if (first == null) {
        throw e;
      }
      return first;
    } catch (NoEngine e) {
      return new ModelActivity.Reply.Refused(String.valueOf(e.getMessage()));
    } catch (SandboxException e) {
      if (e.retryable()
          || e instanceof SandboxRefused refused && PASSING.contains(refused.code())) {
        if (!facts.waitsForContainer(request, e)) {
          facts.retried(request, String.valueOf(e.getMessage()), AGAIN.toMillis());
        }
        throw again(String.valueOf(e.getMessage()));
      }
      return new ModelActivity.Reply.Refused(
          (e instanceof SandboxRefused refused && refused.code().equals("program")
                  ? "the agent's program cannot be started: "
                  : "")
              + e.getMessage());
    }
  }

  private ModelActivity.Reply take(
      ModelActivity.Request request, Runs.Info info, ForeignSession session) {
    session.turn(request.turn());
    Given given = new Given(facts.results(request), told.messages(request));
    Next next = await(request, info, session.next(key(request), given));
    return switch (next) {
      case null -> {
        session.close();
        yield facts.tooLong(request, info);
      }
      case Next.Calls calls -> facts.answered(request, info, given, calls.said(), calls.calls());
      case Next.Ended ended -> {
        session.close();
        yield facts.answered(request, info, given, ended.said(), List.of());
      }
      case Next.Failed failed -> {
        session.close();
        yield facts.failed(request, failed);
      }
      case Next.Lost lost -> {
        session.close();
        facts.retried(request, lost.reason(), AGAIN.toMillis());
        throw again(lost.reason());
      }
      case Next.Interrupted interrupted -> new ModelActivity.Reply.Interrupted();
    };
  }

  /** What comes next; null when the agent took longer than the run may work in all. */
  private static @Nullable Next await(
      ModelActivity.Request request, Runs.Info info, CompletableFuture<Next> next) {
    long wallTimeMs = info.blueprint().limits().wallTimeMs();
    long began = Activity.getExecutionContext().getInfo().getScheduledTimestamp();
    long leftMs = Math.max(0, wallTimeMs - (System.currentTimeMillis() - began));
    try {
      return next.get(Math.min(leftMs, ATTEMPT_MS_MAX), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      if (leftMs > ATTEMPT_MS_MAX) {
        // The next attempt waits on, for the same answer.
        throw again("the agent asks for nothing yet");
      }
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the service is stopping", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(request.run() + ": " + e.getCause(), e);
    }
  }

  private @Nullable ForeignSession session(ModelActivity.Request request, Runs.Info info) {
    DriverKind kind = sessions.kind(info);
    if (kind == null) {
      return null;
    }
    return sessions.open(
        request.run(), request.epoch(), turn -> started(request, info, kind, turn));
  }

  private AgentDriver started(
      ModelActivity.Request request, Runs.Info info, DriverKind kind, AtomicInteger turn) {
    turn.set(request.turn());
    boolean before = facts.agentWasStarted(request);
    String name = HexFormat.of().toHexDigits(RANDOM.nextLong());
    List<String> history = new ArrayList<>();
    if (request.head() != null) {
      history.addAll(conversations.messages(request.head()));
    }
    String results = History.given(null, new Given(facts.results(request), List.of()));
    if (results != null) {
      history.add(results);
    }
    AgentDriver driver = kind.driver(info);
    SessionStart start =
        new SessionStart(
            info,
            request.epoch(),
            name,
            AgentView.task(info),
            before || request.head() != null,
            history,
            told.messages(request),
            runs.modelToken(request.run(), request.epoch()),
            told.events(request, turn, name));
    try {
      driver.start(start);
    } catch (RuntimeException e) {
      driver.close();
      throw e;
    }
    facts.agentStarted(request, before);
    facts.containerCame(request, info);
    return driver;
  }

  private static ApplicationFailure again(String reason) {
    return ApplicationFailure.newBuilder()
        .setMessage(reason)
        .setType("AgentLost")
        .setNextRetryDelay(AGAIN)
        .build();
  }

  private static String key(ModelActivity.Request request) {
    return request.turn() + "." + request.round();
  }
}
