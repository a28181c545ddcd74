package dev.helm.activities.images;

/** An image could not be made, in words that say why and what to do. */
final class ImageFailed extends Exception {
  private static final long serialVersionUID = 1L;

  ImageFailed(String message) {
    super(message);
  }

  ImageFailed(String message, Throwable cause) {
    super(message, cause);
  }
}
