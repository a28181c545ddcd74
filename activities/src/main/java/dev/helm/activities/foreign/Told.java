package dev.helm.activities.foreign;

import dev.helm.activities.store.LiveText;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.event.RunEvent;
import dev.helm.api.stream.Frame;
import dev.helm.workflows.Fact;
import dev.helm.workflows.ModelActivity;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What agents are told by people, and what they tell whoever watches. */
final class Told {
  /** How the log names the lock in the image that asks Helm of each call. */
  private static final String LOCK = "helm-gate";

  private static final System.Logger LOG = System.getLogger(Told.class.getName());

  private final RunLog log;
  private final Runs runs;
  private final LiveText live;

  Told(RunLog log, Runs runs, LiveText live) {
    this.log = log;
    this.runs = runs;
    this.live = live;
  }

  /** What people say in this turn and have not taken back. */
  List<Given.Message> messages(ModelActivity.Request request) {
    List<Given.Message> messages = new ArrayList<>();
    for (String id : request.messages()) {
      Runs.QueuedMessage message = runs.message(request.run(), id);
      if (message != null) {
        messages.add(new Given.Message(id, message.text(), message.by()));
      }
    }
    return messages;
  }

  /** The line from an agent that begins to work. {@code turn}: the one that it works in. */
  AgentEvents events(ModelActivity.Request request, AtomicInteger turn, String session) {
    AtomicInteger notes = new AtomicInteger();
    return new AgentEvents() {
      @Override
      public void ended(
          String subagent, String toolUseId, String outcome, @Nullable String reason) {
        tell(
            "subagent-" + toolUseId + "/finished",
            subagent.substring(0, subagent.lastIndexOf('/')),
            new RunEvent.SubagentFinished(subagent, toolUseId, outcome, reason));
      }

      @Override
      public void refused(String why) {
        tell(
            note(),
            request.agent(),
            new RunEvent.HookRan("PreToolUse", LOCK, null, "denied", why, null, null, 0));
      }

      @Override
      public void goesOn(String reason) {
        tell(note(), request.agent(), new RunEvent.ModelRetried(turn.get(), 1, reason, null, 0));
      }

      private String note() {
        return "life-" + session + "/note-" + notes.incrementAndGet();
      }

      private void tell(String name, String agent, RunEvent event) {
        try {
          log.append(
              request.run(), List.of(new Fact(TurnFacts.prefix(request) + name, agent, event)));
        } catch (RunLog.KeyConflictException e) {
          // It is told already.
        } catch (RuntimeException e) {
          LOG.log(System.Logger.Level.WARNING, "not in the log: " + event + ": " + e);
        }
      }

      @Override
      public void says(String text) {
        live.send(
            new Frame.Delta(
                request.run(), "model.delta", request.agent(), turn.get(), 1, text, null));
      }

      @Override
      public boolean reads(String messageId) {
        Fact fact =
            new Fact(
                TurnFacts.prefix(request) + "message-" + messageId + "/read",
                request.agent(),
                new RunEvent.MessageRead(messageId, turn.get()));
        try {
          log.append(request.run(), List.of(fact));
          return true;
        } catch (RunLog.KeyConflictException e) {
          // An earlier life read it and is gone, or a person took it back.
          return runs.message(request.run(), messageId) != null;
        } catch (RuntimeException e) {
          // Nothing could be stored: it stays unread, and the run does not end before it is read.
          return false;
        }
      }
    };
  }
}
