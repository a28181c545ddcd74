package dev.helm.activities.sandbox;

/** Takes an effect's output. Called by one thread at a time, in order, without gap or overlap. */
@FunctionalInterface
public interface EffectSink {
  /**
   * Makes a piece of output durable. The executor frees its copy once this returns normally; if it
   * throws, the effect's future fails with that and the output stays available to a later attach.
   *
   * @param offsetBytes position of the first byte in the effect's kept output
   * @param data hostile bytes, stdout and stderr merged, cut anywhere
   */
  void output(long offsetBytes, byte[] data) throws Exception;
}
