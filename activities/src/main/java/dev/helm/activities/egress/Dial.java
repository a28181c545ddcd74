package dev.helm.activities.egress;

import java.io.IOException;
import java.net.Socket;
import org.jspecify.annotations.Nullable;

/** Opens connections for a run from Helm's own side. */
@FunctionalInterface
public interface Dial {
  /**
   * Connects.
   *
   * @param callId the tool call that it is for, null for none
   * @param secure whether TLS is spoken; the certificate has to be the host's
   * @throws DialRefused the host may not be reached, in words for people
   * @throws IOException it does not answer
   */
  Socket open(String run, @Nullable String callId, String host, int port, boolean secure)
      throws IOException;

  /** A host that is not let out. */
  final class DialRefused extends IOException {
    private static final long serialVersionUID = 1L;

    /** With the reason. */
    public DialRefused(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
