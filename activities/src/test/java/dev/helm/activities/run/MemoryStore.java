package dev.helm.activities.run;

import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.Conversations;
import dev.helm.activities.store.LiveText;
import dev.helm.activities.store.RunLog;
import dev.helm.activities.store.Runs;
import dev.helm.api.RunStatus;
import dev.helm.api.Secret;
import dev.helm.api.Sha256;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.stream.Frame;
import dev.helm.workflows.Fact;
import dev.helm.workflows.decide.Remembered;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The store's ports in memory, for one run, with the contract of the real one: a transaction is
 * whole or not at all, a key is written once. {@link #crashes} ends the process's life at a chosen
 * point.
 */
public final class MemoryStore implements RunLog, Blobs, Runs, LiveText {
  public static final String RUN = "4f3a".repeat(8);

  public final Crashes crashes = new Crashes();
  public final List<Frame.Delta> deltas = new ArrayList<>();
  private final Blueprint blueprint;
  private final String prompt;
  private final Map<String, Fact> facts = new LinkedHashMap<>();
  private final Map<String, String> journal = new HashMap<>();
  private final Map<String, byte[]> blobs = new HashMap<>();

  /** What was said. */
  public final Conversations talks = new Talks();

  private final Map<String, QueuedMessage> queue = new HashMap<>();

  public MemoryStore(Blueprint blueprint, String prompt) {
    this.blueprint = blueprint;
    this.prompt = prompt;
  }

  /** Facts of a type, in order. */
  public synchronized <T extends RunEvent> List<T> all(Class<T> type) {
    return facts.values().stream()
        .map(Fact::event)
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }

  /** Types of all facts, in order. */
  public synchronized List<String> types() {
    return facts.values().stream().map(fact -> fact.event().type()).toList();
  }

  /** All that is kept: facts, journal and blobs, as text. */
  public synchronized String everything() {
    StringBuilder all = new StringBuilder().append(facts).append(journal);
    blobs.values().forEach(bytes -> all.append(new String(bytes, StandardCharsets.UTF_8)));
    return all.toString();
  }

  public synchronized void queue(String messageId, String text) {
    queue.put(messageId, new QueuedMessage(messageId, text, "next", "ada"));
  }

  @Override
  public List<Long> append(String run, List<Fact> written) {
    return commit(written, null, "");
  }

  @Override
  public List<Long> append(String run, List<Fact> written, String journalKey, String outcomeJson) {
    return commit(written, journalKey, outcomeJson);
  }

  @Override
  public synchronized List<String> finish(String run, List<Fact> written) {
    boolean succeeds =
        written.stream()
            .anyMatch(
                fact ->
                    fact.event() instanceof RunEvent.RunFinished end
                        && end.outcome().equals("succeeded"));
    List<String> read =
        all(RunEvent.MessageRead.class).stream().map(RunEvent.MessageRead::messageId).toList();
    List<String> unread = queue.keySet().stream().filter(id -> !read.contains(id)).toList();
    if (succeeds && !unread.isEmpty()) {
      return unread;
    }
    List<Fact> all = new ArrayList<>();
    for (RunEvent.ToolStarted started : all(RunEvent.ToolStarted.class)) {
      String id = started.toolUseId();
      boolean ended =
          all(RunEvent.ToolFinished.class).stream().anyMatch(e -> e.toolUseId().equals(id))
              || all(RunEvent.ToolUnknown.class).stream().anyMatch(e -> e.toolUseId().equals(id));
      if (!ended) {
        all.add(RunLog.endOfOpen("e1/main/" + id + "/finished", "main", id, started.tool()));
      }
    }
    all.addAll(written);
    commit(all, null, "");
    return List.of();
  }

  private synchronized List<Long> commit(
      List<Fact> written, @Nullable String journalKey, String outcome) {
    crashes.point();
    for (Fact fact : written) {
      Fact old = facts.get(fact.key());
      if (old != null && !old.equals(fact)) {
        throw new KeyConflictException(fact.key());
      }
    }
    if (journalKey != null) {
      String old = journal.get(journalKey);
      if (old != null && !old.equals(outcome)) {
        throw new KeyConflictException(journalKey);
      }
      journal.put(journalKey, outcome);
    }
    written.forEach(fact -> facts.putIfAbsent(fact.key(), fact));
    crashes.point();
    List<String> keys = new ArrayList<>(facts.keySet());
    return written.stream().map(fact -> keys.indexOf(fact.key()) + 1L).toList();
  }

  @Override
  public synchronized @Nullable String outcome(String run, String journalKey) {
    return journal.get(journalKey);
  }

  @Override
  public synchronized String put(byte[] bytes, String mediaType) {
    String sha256 = Sha256.hex(bytes);
    blobs.put(sha256, bytes.clone());
    return sha256;
  }

  @Override
  public synchronized byte @Nullable [] get(String sha256) {
    return blobs.get(sha256);
  }

  @Override
  public Content content(String text, String mediaType) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return bytes.length <= Content.INLINE_BYTES_MAX
        ? Content.text(text)
        : new Content.BlobRef(put(bytes, mediaType), bytes.length, mediaType);
  }

  @Override
  public synchronized String text(Content content) {
    return switch (content) {
      case Content.Text text -> text.text();
      case Content.BlobRef blob ->
          new String(blobs.getOrDefault(blob.sha256(), new byte[0]), StandardCharsets.UTF_8);
    };
  }

  @Override
  public synchronized Info info(String run) {
    String waitingFor = null;
    for (Fact fact : facts.values()) {
      switch (fact.event()) {
        case RunEvent.RunPaused paused -> waitingFor = paused.reason();
        case RunEvent.RunResumed resumed -> waitingFor = null;
        default -> {}
      }
    }
    return new Info(
        run,
        "test",
        1,
        waitingFor == null ? RunStatus.RUNNING : RunStatus.PAUSED,
        waitingFor,
        blueprint,
        "test@1",
        Map.of(),
        prompt,
        true);
  }

  @Override
  public synchronized @Nullable RequestedCall requested(String run, String toolUseId) {
    return all(RunEvent.ToolRequested.class).stream()
        .filter(call -> call.toolUseId().equals(toolUseId))
        .map(
            call ->
                new RequestedCall(
                    call.toolUseId(),
                    call.tool(),
                    call.arguments(),
                    call.argumentsHash(),
                    call.object(),
                    "main",
                    call.turn(),
                    edited(toolUseId)))
        .findFirst()
        .orElse(null);
  }

  private @Nullable Content edited(String toolUseId) {
    return all(RunEvent.PermissionDecided.class).stream()
        .filter(decided -> decided.toolUseId().equals(toolUseId))
        .map(RunEvent.PermissionDecided::arguments)
        .filter(java.util.Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /** What people had remembered before. */
  public final List<Remembered> remembered = new ArrayList<>();

  @Override
  public List<Remembered> remembered(String run, long nowMs) {
    return List.copyOf(remembered);
  }

  @Override
  public boolean usedBefore(String run, String tool) {
    return all(RunEvent.ToolStarted.class).stream().anyMatch(call -> call.tool().equals(tool));
  }

  /** Labels of sub-agents that a rollback took back. */
  public final java.util.Set<String> takenBack = new java.util.HashSet<>();

  @Override
  public synchronized List<Subagent> subagents(String run) {
    return all(RunEvent.SubagentSpawned.class).stream()
        .map(
            e ->
                new Subagent(
                    e.subagent(),
                    e.tools(),
                    e.prompt(),
                    false,
                    !takenBack.contains(e.subagent()),
                    e.kind()))
        .toList();
  }

  @Override
  public synchronized List<OpenCall> openCalls(String run) {
    Map<String, OpenCall> open = new LinkedHashMap<>();
    for (Fact fact : facts.values()) {
      switch (fact.event()) {
        case RunEvent.ToolStarted e ->
            open.put(
                e.toolUseId(), new OpenCall(fact.key(), fact.agent(), e.toolUseId(), e.tool()));
        case RunEvent.ToolFinished e -> open.remove(e.toolUseId());
        case RunEvent.ToolUnknown e -> open.remove(e.toolUseId());
        default -> {}
      }
    }
    open.values().removeIf(call -> call.tool().equals("AskPerson") || call.tool().equals("Agent"));
    return List.copyOf(open.values());
  }

  @Override
  public synchronized String lastSaid(String run, String agent) {
    String last = "";
    for (Fact fact : facts.values()) {
      if (fact.agent().equals(agent) && fact.event() instanceof RunEvent.ModelMessage message) {
        last = text(message.text());
      }
    }
    return last;
  }

  @Override
  public String saidBefore(String run, String toolUseId) {
    return "I need this.";
  }

  @Override
  public synchronized @Nullable QueuedMessage message(String run, String messageId) {
    return queue.get(messageId);
  }

  @Override
  public Secret modelToken(String run, int epoch) {
    return Secret.of("token-of-" + run);
  }

  @Override
  public Money money(String run) {
    return new Money(Usd.parse("1"), Usd.ZERO, Usd.parse("1"));
  }

  @Override
  public synchronized void send(Frame.Delta delta) {
    deltas.add(delta);
  }

  private static final class Talks implements Conversations {
    private final Map<String, List<String>> chains = new HashMap<>();

    @Override
    public synchronized String append(@Nullable String head, List<String> messages) {
      List<String> chain = new ArrayList<>(head == null ? List.of() : messages(head));
      chain.addAll(messages);
      String name = Sha256.hex(String.join("\0", chain));
      chains.put(name, chain);
      return name;
    }

    @Override
    public synchronized List<String> messages(String head) {
      return chains.getOrDefault(head, List.of());
    }
  }
}
