package dev.helm.service.rest;

import dev.helm.api.rest.ErrorCode;
import jakarta.annotation.Priority;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.core.HttpHeaders;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** No body is longer than this, whatever its headers say. */
@PreMatching
@Priority(100)
public final class BodyLimit implements ContainerRequestFilter {
  /** Longest request body in bytes. */
  public static final int BYTES_MAX = 1024 * 1024;

  /** How long a body may take, in seconds. */
  static final long SECONDS_MAX = 30;

  private static final long DRAIN_BYTES_MAX = 2L * BYTES_MAX;
  private static final long DRAIN_SECONDS_MAX = 5;

  @Override
  public void filter(ContainerRequestContext request) {
    if (request.getLength() > BYTES_MAX) {
      drain(request.getEntityStream());
      throw tooLarge();
    }
    // Attack: a compressed body that becomes gigabytes. None is unpacked, and none is taken.
    String encoding = request.getHeaderString(HttpHeaders.CONTENT_ENCODING);
    if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
      throw ProblemException.of(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE, "compressed bodies are not taken", "send it plain");
    }
    request.setEntityStream(new Counted(request.getEntityStream()));
  }

  /** Reads a little of what is refused, else a client that still sends sees a reset, no answer. */
  private static void drain(InputStream body) {
    long deadline = System.nanoTime() + DRAIN_SECONDS_MAX * 1_000_000_000;
    byte[] buffer = new byte[64 * 1024];
    try {
      long left = DRAIN_BYTES_MAX;
      while (left > 0 && System.nanoTime() < deadline) {
        int read = body.read(buffer);
        if (read < 0) {
          return;
        }
        left -= read;
      }
    } catch (IOException e) {
      return; // the client is gone; nobody waits for the answer
    }
  }

  private static ProblemException tooLarge() {
    return ProblemException.of(
        ErrorCode.TOO_LARGE, "the body is too large", "at most " + BYTES_MAX / 1024 + " KiB");
  }

  private static final class Counted extends FilterInputStream {
    private final long deadline = System.nanoTime() + SECONDS_MAX * 1_000_000_000;
    private long left = BYTES_MAX;

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int octet = super.read();
      count(octet < 0 ? 0 : 1);
      return octet;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = super.read(buffer, offset, length);
      count(Math.max(read, 0));
      return read;
    }

    private void count(int bytes) {
      // Attack: a body comes byte by byte, and each holds a thread and a connection for long.
      if (System.nanoTime() > deadline) {
        throw ProblemException.of(
            ErrorCode.REQUEST_TIMEOUT, "the body took too long", "at most " + SECONDS_MAX + " s");
      }
      left -= bytes;
      if (left < 0) {
        throw tooLarge();
      }
    }
  }
}
