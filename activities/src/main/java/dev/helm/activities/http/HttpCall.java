package dev.helm.activities.http;

import dev.helm.activities.egress.Outgoing;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One request, sent at most once: no redirect is followed, nothing is tried again. */
public final class HttpCall {
  private final Outgoing outgoing;
  private volatile @Nullable Socket socket;
  private volatile boolean sent;
  private volatile boolean late;
  private volatile boolean stopped;

  /** With the way out. */
  public HttpCall(Outgoing outgoing) {
    this.outgoing = outgoing;
  }

  /**
   * What to send; values may hold secrets, so it is never printed.
   *
   * @param target path and query
   * @param body null for none
   */
  public record Request(
      String method, String target, Map<String, String> headers, @Nullable Body body) {
    @Override
    public String toString() {
      return "Request[" + method + "]";
    }
  }

  /** What is sent behind the head, written when it is sent. */
  public interface Body {
    /** How many bytes {@link #to} writes. */
    long bytes();

    /** Writes it. */
    void to(OutputStream out) throws IOException;

    /** These bytes; null for none. */
    static @Nullable Body of(byte @Nullable [] content) {
      return content == null
          ? null
          : new Body() {
            @Override
            public long bytes() {
              return content.length;
            }

            @Override
            public void to(OutputStream out) throws IOException {
              out.write(content);
            }
          };
    }
  }

  /** Whether a byte of the request may have left. */
  public boolean sent() {
    return sent;
  }

  /** Whether it was given up because its time was over. */
  public boolean late() {
    return late;
  }

  /**
   * Sends the request and reads the answer.
   *
   * @throws IOException when there is no whole answer; {@link #sent} says whether it may have come
   *     to the server nevertheless
   */
  public HttpAnswer make(Outgoing.Route route, Request request, long timeoutMs, int bodyBytesMax)
      throws IOException {
    // Attack: a byte now and then keeps the call for ever. The whole of it has one end.
    CompletableFuture<Void> end =
        CompletableFuture.runAsync(
            () -> {
              late = true;
              stop();
            },
            CompletableFuture.delayedExecutor(
                timeoutMs, TimeUnit.MILLISECONDS, Thread::startVirtualThread));
    try (Socket line = outgoing.connect(route, (int) Math.min(timeoutMs, 600_000), this::opened)) {
      OutputStream out = line.getOutputStream();
      byte[] head = head(route, request);
      sent = true;
      out.write(head);
      if (request.body() != null) {
        request.body().to(out);
      }
      out.flush();
      return HttpAnswer.read(
          new BufferedInputStream(line.getInputStream()), request.method(), bodyBytesMax);
    } catch (SocketTimeoutException e) {
      late = true;
      throw e;
    } finally {
      end.cancel(false);
    }
  }

  /** Ends it, whatever it is doing. */
  public void stop() {
    stopped = true;
    Socket open = socket;
    if (open != null) {
      close(open);
    }
  }

  private void opened(Socket fresh) {
    socket = fresh;
    if (stopped) {
      close(fresh);
    }
  }

  private static void close(Socket open) {
    try {
      open.close();
    } catch (IOException e) {
      // Closed as far as it can be.
    }
  }

  private static byte[] head(Outgoing.Route route, Request request) {
    StringBuilder head = new StringBuilder();
    head.append(request.method()).append(' ').append(request.target()).append(" HTTP/1.1\r\n");
    head.append("Host: ").append(route.host());
    if (route.port() != 443) {
      head.append(':').append(route.port());
    }
    head.append("\r\nConnection: close\r\nAccept-Encoding: identity\r\n");
    if (request.headers().keySet().stream().noneMatch("user-agent"::equalsIgnoreCase)) {
      head.append("User-Agent: helm\r\n");
    }
    request
        .headers()
        .forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    Body body = request.body();
    if (body != null) {
      head.append("Content-Length: ").append(body.bytes()).append("\r\n");
    }
    return head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
  }
}
