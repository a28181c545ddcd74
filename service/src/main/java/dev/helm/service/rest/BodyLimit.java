package dev.helm.service.rest;

import dev.helm.api.rest.ErrorCode;
import jakarta.annotation.Priority;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** No body is longer than this, whatever its headers say. */
@PreMatching
@Priority(100)
public final class BodyLimit implements ContainerRequestFilter {
  /** Longest request body in bytes. */
  public static final int BYTES_MAX = 1024 * 1024;

  @Override
  public void filter(ContainerRequestContext request) {
    if (request.getLength() > BYTES_MAX) {
      throw tooLarge();
    }
    request.setEntityStream(new Counted(request.getEntityStream()));
  }

  private static ProblemException tooLarge() {
    return ProblemException.of(
        ErrorCode.TOO_LARGE, "the body is too large", "at most " + BYTES_MAX / 1024 + " KiB");
  }

  private static final class Counted extends FilterInputStream {
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
      left -= bytes;
      if (left < 0) {
        throw tooLarge();
      }
    }
  }
}
