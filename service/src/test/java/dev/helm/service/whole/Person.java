package dev.helm.service.whole;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Answers the inbox by rule: allows permissions, says yes to questions, and asks the witnesses what
 * became of an unknown effect before it says {@code happened} or {@code again}.
 */
final class Person implements AutoCloseable {
  private static final Pattern TOKEN = Pattern.compile("[0-9a-f]{8}-[a-z]+-[0-9]+");
  private static final long LOOK_MS = 200;

  private final Rest rest;
  private final Predicate<String> happened;
  private final Thread thread;
  private final Set<String> answered = new HashSet<>();
  private final Map<String, Integer> agains = new LinkedHashMap<>();
  private final List<String> acknowledged = new ArrayList<>();
  private final Map<String, String> verdicts = new LinkedHashMap<>();
  private volatile boolean closed;

  /**
   * @param happened whether a token's effect was seen
   */
  Person(Rest rest, Predicate<String> happened) {
    this.rest = rest;
    this.happened = happened;
    this.thread = Thread.ofPlatform().daemon().name("person").start(this::work);
  }

  /** How often {@code again} was said of a token. */
  synchronized int agains(String token) {
    return agains.getOrDefault(token, 0);
  }

  /** {@code run/id} of what was answered and acknowledged with 2xx. */
  synchronized List<String> acknowledged() {
    return List.copyOf(acknowledged);
  }

  /** The token in a call's arguments, or null. */
  static @Nullable String tokenIn(String text) {
    Matcher matcher = TOKEN.matcher(text);
    return matcher.find() ? matcher.group() : null;
  }

  private void work() {
    while (!closed) {
      try {
        Rest.Answer inbox = rest.tryGet("/api/inbox");
        if (inbox != null && inbox.ok()) {
          for (JsonNode item : inbox.body().path("items")) {
            answer(item);
          }
        }
        Thread.sleep(LOOK_MS);
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        System.out.println("chaos: the person could not look: " + e);
      }
    }
  }

  private void answer(JsonNode item) throws InterruptedException {
    String id = item.path("id").asText();
    if (answered.contains(id)) {
      return;
    }
    Rest.Answer answer =
        switch (item.path("kind").asText()) {
          case "permission" ->
              rest.tryPost(
                  "/api/permissions/" + id,
                  Map.of("decision", "allow", "argumentsHash", item.path("argumentsHash").asText()),
                  "decide-" + id);
          case "unknown" -> say(id, verdict(id, item));
          default -> say(id, "yes");
        };
    if (answer == null) {
      return; // asked again with the same key
    }
    answered.add(id);
    if (answer.ok()) {
      synchronized (this) {
        acknowledged.add(item.path("run").asText() + "/" + id);
      }
    } else {
      System.out.println("chaos: answer to " + id + " was refused: " + answer);
    }
  }

  private Rest.@Nullable Answer say(String id, String text) throws InterruptedException {
    return rest.tryPost("/api/questions/" + id, Map.of("answer", text), "answer-" + id);
  }

  /** Decided once for each question, so that a repeated answer says the same. */
  private String verdict(String id, JsonNode item) {
    String before = verdicts.get(id);
    if (before != null) {
      return before;
    }
    String token = tokenIn(item.path("arguments").asText());
    String said = token != null && happened.test(token) ? "happened" : "again";
    if (token != null && said.equals("again")) {
      synchronized (this) {
        agains.merge(token, 1, Integer::sum);
      }
    }
    System.out.println("chaos: unknown · " + token + " · the person says " + said);
    verdicts.put(id, said);
    return said;
  }

  @Override
  public void close() throws InterruptedException {
    closed = true;
    thread.interrupt();
    thread.join(20_000);
  }
}
