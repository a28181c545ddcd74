package dev.helm.activities.probes;

/**
 * What came of one attack.
 *
 * @param succeeded the attacker got what it wanted, by its own word, a witness's, or a secret in
 *     its hands; where several of these can tell, one is enough
 * @param whole every one of them says so
 * @param absent this kernel has nothing to attack
 * @param evidence what was said and seen
 */
record Verdict(boolean succeeded, boolean whole, boolean absent, String evidence) {
  static Verdict of(boolean succeeded, String evidence) {
    return new Verdict(succeeded, succeeded, false, evidence);
  }
}
