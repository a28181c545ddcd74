package dev.helm.activities.publish;

/** The bytes of a bundle's files. */
@FunctionalInterface
public interface Contents {
  /**
   * The content of a file.
   *
   * @throws IllegalStateException when it is no longer stored
   */
  byte[] of(Bundle.Item file);
}
