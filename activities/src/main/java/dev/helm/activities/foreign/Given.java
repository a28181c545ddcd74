package dev.helm.activities.foreign;

import java.util.List;

/** What an agent is given between two of its calls. */
public record Given(List<Result> results, List<Message> messages) {
  /** Nothing. */
  public static final Given NOTHING = new Given(List.of(), List.of());

  /** Keeps the lists. */
  public Given {
    results = List.copyOf(results);
    messages = List.copyOf(messages);
  }

  /** What a call gave. */
  public record Result(String toolUseId, String text, boolean error) {}

  /** What a person says. */
  public record Message(String id, String text, String by) {}
}
