package dev.helm.api.blueprint;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.List;

/** What a schedule does when it fires while the run of an earlier fire is still open. */
public enum Overlap {
  /** The fire is left out and told. */
  SKIP("skip"),
  /** One fire waits until no run is open; further ones are left out. */
  BUFFER_ONE("bufferOne"),
  /** Another run starts beside it. */
  ALLOW_ALL("allowAll"),
  /** The open run is cancelled, and the fire starts when it has ended. */
  CANCEL_OTHER("cancelOther");

  private final String word;

  Overlap(String word) {
    this.word = word;
  }

  /**
   * The policy of a word.
   *
   * @throws IllegalArgumentException for a word that is none
   */
  @JsonCreator
  public static Overlap of(String word) {
    for (Overlap overlap : values()) {
      if (overlap.word.equals(word)) {
        return overlap;
      }
    }
    throw new IllegalArgumentException("expected one of " + String.join(", ", words()));
  }

  /** The policy as blueprints and the wire have it. */
  @JsonValue
  public String word() {
    return word;
  }

  /** All words, in order. */
  public static List<String> words() {
    return Arrays.stream(values()).map(Overlap::word).toList();
  }
}
