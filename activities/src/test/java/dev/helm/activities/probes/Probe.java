package dev.helm.activities.probes;

import java.util.regex.Pattern;

/**
 * One attack: what it is, what stops it, and how it is tried.
 *
 * @param name family, dot, name; the name of the test
 * @param attack what is tried, in a few words
 * @param safeguard what stops it
 * @param lacking where the positive control runs
 * @param seen who sees whether it succeeded
 * @param stopped what the evidence must match in a slot: it failed for the right reason
 * @param slot tries it in a slot
 * @param control tries it where the safeguard is lacking
 */
record Probe(
    String name,
    String attack,
    String safeguard,
    Lacking lacking,
    String seen,
    Pattern stopped,
    Trial slot,
    Trial control) {
  String family() {
    return name.substring(0, name.indexOf('.') < 0 ? name.length() : name.indexOf('.'));
  }
}
