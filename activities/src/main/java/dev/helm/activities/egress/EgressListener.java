package dev.helm.activities.egress;

/** Is told of every attempt before anything is dialled. */
@FunctionalInterface
public interface EgressListener {
  /** Records an attempt. If this throws, the connection does not happen. */
  void attempt(EgressAttempt attempt);
}
