package dev.helm.api.blueprint;

import java.util.List;

/**
 * Whether a blueprint combines three things of which no unwatched agent should have more than two:
 * whoever writes the untrusted input could have the private data sent out. Each list says in words
 * why it holds, and is empty if it does not.
 *
 * @param untrustedInput what others than the blueprint's people may have written
 * @param privateData what others should not read
 * @param outward what acts on the world outside of the workspace
 * @param allThree whether all three hold: then every outward call is asked, whatever rules say
 */
public record RuleOfTwo(
    List<String> untrustedInput, List<String> privateData, List<String> outward, boolean allThree) {
  public RuleOfTwo {
    untrustedInput = List.copyOf(untrustedInput);
    privateData = List.copyOf(privateData);
    outward = List.copyOf(outward);
  }

  /** With what follows from the three. */
  public static RuleOfTwo of(
      List<String> untrustedInput, List<String> privateData, List<String> outward) {
    return new RuleOfTwo(
        untrustedInput,
        privateData,
        outward,
        !untrustedInput.isEmpty() && !privateData.isEmpty() && !outward.isEmpty());
  }
}
