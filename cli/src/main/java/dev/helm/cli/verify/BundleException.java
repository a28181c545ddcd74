package dev.helm.cli.verify;

import java.io.IOException;

/** The file is not what Helm writes; the message is for people. */
public final class BundleException extends IOException {
  private static final long serialVersionUID = 1;

  BundleException(String message) {
    super(message);
  }
}
