package dev.helm.workflows;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All that a run remembers between its steps, and how signals change it. Only workflow threads
 * touch it, one at a time; nothing here does I/O.
 */
final class RunState {
  /** Ids of signals that are remembered; older repeats are stopped by the store's own keys. */
  static final int SEEN_MAX = 200;

  private final LinkedHashSet<String> seen = new LinkedHashSet<>();
  private final ArrayDeque<Signals.Message> messages = new ArrayDeque<>();
  private final OpenPermissions permissions = new OpenPermissions();
  private final Map<String, Signals.Answer> answers = new HashMap<>();
  private final Set<String> reading = new HashSet<>();
  private final Work work;

  private int signals;
  private int raises;
  private int turn;
  private int round;
  private int notes;
  private @Nullable String head;
  private List<RunStart.CallResult> results = List.of();
  private @Nullable String pausedBy;
  private @Nullable String pauseId;
  private String resumedBy = "";
  private boolean pauseLogged;
  private @Nullable String cancelledBy;
  private @Nullable String stoppedBy;
  private boolean left;
  private boolean budgetRaised;
  private boolean toldToGoOn;

  RunState(RunStart.@Nullable Carry carry) {
    work = new Work(carry == null ? 0 : carry.workedMs());
    if (carry != null) {
      turn = carry.turn();
      round = carry.round();
      head = carry.head();
      results = carry.results();
      messages.addAll(carry.messages());
      pausedBy = carry.pausedBy();
      pauseLogged = carry.pauseLogged();
      notes = carry.notes();
      seen.addAll(carry.seen());
    }
  }

  RunStart.Carry carry() {
    return new RunStart.Carry(
        turn,
        round,
        head,
        results,
        List.copyOf(messages),
        pausedBy,
        pauseLogged,
        work.workedMs(),
        notes,
        List.copyOf(seen),
        null);
  }

  /** What the agent is doing now. */
  Work work() {
    return work;
  }

  // ---- signals -----------------------------------------------------------------------------

  int signals() {
    return signals;
  }

  /** Whether this is the first time that the id is seen; counts the signal either way. */
  private boolean first(String id) {
    signals++;
    if (!seen.add(id)) {
      return false;
    }
    if (seen.size() > SEEN_MAX) {
      Iterator<String> oldest = seen.iterator();
      oldest.next();
      oldest.remove();
    }
    return true;
  }

  void decide(Signals.Decide decision) {
    if (first(decision.id())) {
      permissions.decide(decision);
    }
  }

  void answer(Signals.Answer answer) {
    if (first(answer.id())) {
      answers.putIfAbsent(answer.questionId(), answer);
    }
  }

  void message(Signals.Message message) {
    if (first(message.messageId())) {
      messages.add(message);
      if (message.now()) {
        work.interrupt();
      }
    }
  }

  /** The store holds a message that no turn has read; its signal may come later. */
  void unread(String messageId) {
    seen.add(messageId);
    if (messages.stream().noneMatch(m -> m.messageId().equals(messageId))) {
      messages.add(new Signals.Message(messageId, false));
    }
  }

  /** The store has decided, and logged, that it is taken back; here it only leaves the queue. */
  void cancelMessage(Signals.CancelMessage taken) {
    signals++;
    messages.removeIf(m -> m.messageId().equals(taken.messageId()));
  }

  void pause(Signals.Control control) {
    if (first(control.id())) {
      pausedBy = control.by();
      pauseId = control.id();
    }
  }

  void resume(Signals.Control control) {
    if (first(control.id())) {
      pausedBy = null;
      pauseId = null;
      resumedBy = control.by();
    }
  }

  String resumedBy() {
    return resumedBy;
  }

  void cancel(Signals.Control control) {
    if (first(control.id()) && cancelledBy == null) {
      cancelledBy = control.by();
      work.cancel();
    }
  }

  /** As {@link #cancel}, for the whole run, whichever of its agents met the unknown outcome. */
  void stop(Signals.Control control) {
    stoppedBy = control.by();
    cancel(control);
  }

  /** Who has stopped the run because of an unknown outcome, null if nobody did. */
  @Nullable String stoppedBy() {
    return stoppedBy;
  }

  /** As {@link #cancel}, but the run goes on in another epoch. */
  void leave(Signals.Control control) {
    left = true;
    cancel(control);
  }

  boolean left() {
    return left;
  }

  void budgetRaised(Signals.Control control) {
    if (first(control.id())) {
      budgetRaised = true;
      raises++;
    }
  }

  /** How often the cap was raised while this execution lives. */
  int raises() {
    return raises;
  }

  // ---- waiting for people ------------------------------------------------------------------

  void open(ToolActivity.Reply.Waits wait) {
    permissions.open(wait);
  }

  boolean hasApproval(String waitId) {
    return permissions.hasApproval(waitId);
  }

  /** An approval by one of several people that the log lacks, or null. */
  ToolActivity.Phase.@Nullable Approved takeApproval(String waitId) {
    return permissions.takeApproval(waitId);
  }

  /** What people said, or null while they are silent. */
  ToolActivity.@Nullable Phase said(String waitId) {
    Signals.Decide decision = permissions.decision(waitId);
    if (decision != null) {
      return new ToolActivity.Phase.Decided(decision);
    }
    Signals.Answer answer = answers.get(waitId);
    return answer == null ? null : new ToolActivity.Phase.Answered(answer);
  }

  void close(String waitId) {
    permissions.close(waitId);
    answers.remove(waitId);
  }

  // ---- pause and end -----------------------------------------------------------------------

  @Nullable String pausedBy() {
    return pausedBy;
  }

  /** Id of the pause that is in force, null when nobody has paused since this execution began. */
  @Nullable String pauseId() {
    return pauseId;
  }

  boolean pauseLogged() {
    return pauseLogged;
  }

  void pauseLogged(boolean logged) {
    pauseLogged = logged;
  }

  boolean mayStart() {
    return pausedBy == null && !pauseLogged;
  }

  boolean cancelled() {
    return cancelledBy != null;
  }

  @Nullable String cancelledBy() {
    return cancelledBy;
  }

  boolean takeBudgetRaised() {
    boolean was = budgetRaised;
    budgetRaised = false;
    return was;
  }

  boolean hasBudgetRaised() {
    return budgetRaised;
  }

  // ---- turns -------------------------------------------------------------------------------

  int turn() {
    return turn;
  }

  int round() {
    return round;
  }

  void nextTurn() {
    turn++;
    round = 0;
  }

  void sameTurnAgain() {
    round++;
  }

  /** A number for a fact's key that no other fact of this epoch has. */
  int nextNote() {
    return ++notes;
  }

  @Nullable String head() {
    return head;
  }

  List<RunStart.CallResult> results() {
    return results;
  }

  void answered(String newHead) {
    // The turn is over, however often it was begun anew: the next one has a number of its own.
    round = 0;
    messages.removeIf(m -> reading.contains(m.messageId()));
    reading.clear();
    head = newHead;
    results = List.of();
    toldToGoOn = false;
  }

  /** A hook has more to say to the model than it knows here. */
  void goOn() {
    toldToGoOn = true;
  }

  boolean toldToGoOn() {
    return toldToGoOn;
  }

  void results(List<RunStart.CallResult> callResults) {
    results = List.copyOf(callResults);
  }

  /** The model has said its last word and nobody has said more. */
  boolean nothingToSay() {
    return round == 0 && head != null && results.isEmpty() && messages.isEmpty() && !toldToGoOn;
  }

  boolean hasMessages() {
    return !messages.isEmpty();
  }

  /**
   * The queue in order, for a model call that begins now. The messages stay queued until {@link
   * #answered}, since a call that is begun anew has to say them again, but can no longer be taken
   * back.
   */
  List<String> readNow() {
    messages.forEach(m -> reading.add(m.messageId()));
    return messages.stream().map(Signals.Message::messageId).toList();
  }
}
