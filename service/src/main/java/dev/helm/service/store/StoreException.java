package dev.helm.service.store;

import org.jspecify.annotations.Nullable;

/** The store cannot be opened or read; a person has to look at it. */
public final class StoreException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** With what happened and what to do. */
  public StoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
