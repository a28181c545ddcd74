package dev.helm.service.store;

/** A page cursor that this store did not make. */
public final class InvalidCursorException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** With what is wrong. */
  public InvalidCursorException(String message) {
    super(message);
  }
}
