package dev.helm.keyproxy;

/** The proxy cannot start; the message is for the person who started it and holds no secret. */
final class StartException extends Exception {
  private static final long serialVersionUID = 1;

  StartException(String message) {
    super(message);
  }
}
