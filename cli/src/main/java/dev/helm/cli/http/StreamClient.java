package dev.helm.cli.http;

import dev.helm.api.event.LoggedEvent;
import dev.helm.api.stream.Frame;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Follows one run over the WebSocket. It makes lost connections again with the last seq that it
 * has, so that whoever listens gets every event once and in order, and live text as long as it
 * lasts.
 */
public final class StreamClient implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
  private static final int BACKOFF_MS_MIN = 50;
  private static final int BACKOFF_MS_MAX = 2_000;

  /** Silence after which a connection counts as dead; the service pings more often. */
  private static final long SILENCE_MS_MAX = 60_000;

  private static final long PING_EVERY_MS = 15_000;

  private final HelmClient client;
  private final String run;
  private final Consumer<StreamSignal> sink;
  private final HttpClient http;
  private final Thread thread;
  private long last;
  private boolean everConnected;
  private boolean told;
  private boolean rewound;
  private volatile boolean closed;
  private volatile @Nullable StreamSocket current;

  /**
   * Starts to follow.
   *
   * @param run full id
   * @param after the last seq that the listener has; 0 for none
   * @param sink called by one thread at a time
   */
  public StreamClient(HelmClient client, String run, long after, Consumer<StreamSignal> sink) {
    this.client = client;
    this.run = run;
    this.last = after;
    this.sink = sink;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT);
    if (client.loopback()) {
      builder.proxy(ProxySelector.of(null));
    }
    this.http = builder.build();
    this.thread = Thread.ofVirtual().name("stream").start(this::follow);
  }

  /** Ends it; nothing is told after this returns. */
  @Override
  public void close() {
    closed = true;
    StreamSocket socket = current;
    if (socket != null) {
      socket.abort("closed");
    }
    thread.interrupt();
    http.shutdownNow();
  }

  private void follow() {
    int attempt = 0;
    while (!closed) {
      try {
        String why = oneConnection();
        attempt = 0;
        lost(why);
      } catch (Failure failure) {
        if (failure.exit() == ExitCode.NOT_LOGGED_IN && everConnected && !rewound) {
          // A token lasts a day and a run may last longer.
          rewound = true;
          client.session().rewind();
        } else if (fatal(failure)) {
          tell(new StreamSignal.Failed(failure));
          return;
        }
        lost(failure.what());
      } catch (InterruptedException e) {
        return;
      }
      if (!rest(attempt++)) {
        return;
      }
    }
  }

  private boolean fatal(Failure failure) {
    return switch (failure.exit()) {
      case NOT_LOGGED_IN, NOT_FOUND, USAGE -> true;
      case UNREACHABLE -> !everConnected;
      case DONE, FAILED, REFUSED -> !everConnected && failure.code().isEmpty();
    };
  }

  /** Returns why it ended. */
  private String oneConnection() throws InterruptedException {
    StreamSocket socket = new StreamSocket(this::frame);
    WebSocket web = connect(socket);
    current = socket;
    if (closed) {
      socket.abort("closed");
    }
    everConnected = true;
    rewound = false;
    if (told) {
      told = false;
      tell(new StreamSignal.Back());
    }
    web.sendText(Json.write(Map.of("op", "subscribe", "run", run, "after", last)), true);
    try {
      return watchOver(socket, web);
    } finally {
      web.abort();
    }
  }

  private static String watchOver(StreamSocket socket, WebSocket web) throws InterruptedException {
    while (true) {
      try {
        return socket.ended().get(PING_EVERY_MS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (socket.silentForMs() > SILENCE_MS_MAX) {
          return "the service fell silent";
        }
        web.sendPing(java.nio.ByteBuffer.allocate(0));
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Failure failure) {
          throw failure;
        }
        return String.valueOf(e.getCause());
      }
    }
  }

  private WebSocket connect(StreamSocket socket) throws InterruptedException {
    String ticket = client.streamTicket().ticket();
    String url = client.url().replaceFirst("^http", "ws");
    URI uri =
        URI.create(url + "/api/stream?ticket=" + URLEncoder.encode(ticket, StandardCharsets.UTF_8));
    try {
      return http.newWebSocketBuilder()
          .connectTimeout(CONNECT_TIMEOUT)
          .buildAsync(uri, socket)
          .get(CONNECT_TIMEOUT.toMillis() * 2, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new Failure(
          ExitCode.UNREACHABLE,
          "The stream at " + client.url() + " cannot be opened.",
          "\"helm doctor\" looks further.",
          "",
          e);
    }
  }

  private void frame(Frame frame) {
    switch (frame) {
      case Frame.Events events -> {
        for (LoggedEvent event : events.events()) {
          logged(event);
        }
      }
      case Frame.Delta delta -> {
        if (delta.run().equals(run)) {
          tell(new StreamSignal.Live(delta));
        }
      }
      case Frame.CaughtUp caughtUp -> tell(new StreamSignal.CaughtUp(caughtUp.seq()));
      case Frame.Ping _ -> {}
      case Frame.Error error -> throw refused(error);
    }
  }

  private void logged(LoggedEvent event) {
    if (!event.run().equals(run) || event.seq() <= last) {
      return;
    }
    if (event.seq() != last + 1) {
      throw new IllegalArgumentException(
          "event " + event.seq() + " came after " + last + "; asking again from there");
    }
    last = event.seq();
    tell(new StreamSignal.Logged(event));
  }

  private static Failure refused(Frame.Error error) {
    ExitCode exit =
        switch (error.code()) {
          case "not_found" -> ExitCode.NOT_FOUND;
          case "unauthenticated" -> ExitCode.NOT_LOGGED_IN;
          case "ambiguous_id" -> ExitCode.USAGE;
          default -> ExitCode.FAILED;
        };
    return new Failure(exit, error.message(), "\"helm runs\" lists the runs.", error.code(), null);
  }

  private void lost(String why) {
    if (!closed && !told) {
      told = true;
      tell(new StreamSignal.Lost(why));
    }
  }

  private void tell(StreamSignal signal) {
    if (!closed) {
      sink.accept(signal);
    }
  }

  private boolean rest(int attempt) {
    long most = Math.min(BACKOFF_MS_MAX, (long) BACKOFF_MS_MIN << Math.min(attempt, 6));
    try {
      Thread.sleep(ThreadLocalRandom.current().nextLong(most / 2, most + 1));
      return !closed;
    } catch (InterruptedException e) {
      return false;
    }
  }
}
