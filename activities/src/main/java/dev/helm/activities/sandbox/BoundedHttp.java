package dev.helm.activities.sandbox;

import com.github.dockerjava.transport.DockerHttpClient;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;

/**
 * Bounds what an engine may answer, so that none can fill the service's memory. A line that is
 * given up is cut, not read to its end.
 */
final class BoundedHttp implements DockerHttpClient {
  static final int ANSWER_BYTES_MAX = 4 << 20;

  private final DockerHttpClient inner;

  BoundedHttp(DockerHttpClient inner) {
    this.inner = inner;
  }

  @Override
  public Response execute(Request request) {
    // Streams of the engine's are only used by tests; they have an input or are hijacked.
    return request.hijackedInput() != null
        ? inner.execute(request)
        : new Bounded(inner.execute(request));
  }

  @Override
  public void close() throws IOException {
    inner.close();
  }

  private record Bounded(Response inner) implements Response {
    @Override
    public int getStatusCode() {
      return inner.getStatusCode();
    }

    @Override
    public Map<String, List<String>> getHeaders() {
      return inner.getHeaders();
    }

    @Override
    public InputStream getBody() {
      return new Limited(inner.getBody(), this);
    }

    @Override
    public void close() {
      inner.close();
    }
  }

  private static final class Limited extends FilterInputStream {
    private final Response response;
    private long left = ANSWER_BYTES_MAX;

    Limited(InputStream body, Response response) {
      super(body);
      this.response = response;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int count = in.read(bytes, offset, length);
      left -= Math.max(count, 0);
      if (left < 0) {
        close();
        throw new IOException(
            "the container engine's answer is longer than " + ANSWER_BYTES_MAX + " bytes");
      }
      return count;
    }

    @Override
    public void close() {
      response.close();
    }
  }
}
