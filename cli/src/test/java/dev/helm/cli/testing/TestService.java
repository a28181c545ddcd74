package dev.helm.cli.testing;

import dev.helm.api.event.LoggedEvent;
import dev.helm.cli.http.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A service made of a server socket: answers what a test told it to, keeps what it was asked, and
 * streams a log over a real WebSocket that a test can cut at any byte.
 */
public final class TestService implements AutoCloseable {
  private final ServerSocket server;
  private final Map<String, Function<HttpHead, Answer>> routes = new ConcurrentHashMap<>();
  private final List<HttpHead> asked = new CopyOnWriteArrayList<>();
  private final List<TestStream> streams = new CopyOnWriteArrayList<>();
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final List<LoggedEvent> log = new ArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private final Map<String, Boolean> tickets = new ConcurrentHashMap<>();

  /** What is answered; a body of null means that the connection is cut instead. */
  public record Answer(int status, @Nullable String body) {}

  public TestService() {
    try {
      server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Thread.ofVirtual().start(this::accept);
    on(
        "POST /api/auth/ticket",
        _ -> {
          String ticket = "t" + tickets.size();
          tickets.put(ticket, true);
          return json("{\"ticket\":\"" + ticket + "\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}");
        });
  }

  public String url() {
    return "http://127.0.0.1:" + server.getLocalPort();
  }

  public TestService on(String methodAndPath, Function<HttpHead, Answer> handler) {
    routes.put(methodAndPath, handler);
    return this;
  }

  public static Answer json(String body) {
    return new Answer(200, body);
  }

  public static Answer problem(int status, String code, String title, String detail) {
    return new Answer(
        status,
        Json.write(
            Map.of(
                "type",
                "about:blank",
                "title",
                title,
                "status",
                status,
                "detail",
                detail,
                "code",
                code)));
  }

  /** The requests so far. */
  public List<HttpHead> asked() {
    return asked;
  }

  public List<HttpHead> asked(String methodAndPath) {
    return asked.stream().filter(r -> (r.method() + " " + r.path()).equals(methodAndPath)).toList();
  }

  /** Appends to the log and sends it to whoever watches. */
  public void append(LoggedEvent event) {
    synchronized (log) {
      log.add(event);
      streams.forEach(stream -> stream.event(event));
    }
  }

  /** Sends a frame to whoever watches. */
  public void frame(Map<String, Object> frame) {
    synchronized (log) {
      streams.forEach(stream -> stream.send(Json.write(frame)));
    }
  }

  /** Cuts every open stream without a word; how many there were. */
  public int cutStreams() {
    List<TestStream> open = List.copyOf(streams);
    streams.removeAll(open);
    open.forEach(TestStream::cut);
    return open.size();
  }

  /** How many streams were opened since the start. */
  public int streamsOpened() {
    return connections.get();
  }

  @Override
  public void close() {
    try {
      server.close();
      for (Socket socket : sockets) {
        socket.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        sockets.add(socket);
        if (server.isClosed()) {
          socket.close();
        }
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      while (true) {
        HttpHead request = HttpHead.read(socket.getInputStream());
        if (request == null) {
          return;
        }
        if (request.header("upgrade").equalsIgnoreCase("websocket")) {
          stream(socket, request);
          return;
        }
        asked.add(request);
        Answer answer = answer(request);
        if (answer.body() == null) {
          return;
        }
        write(socket.getOutputStream(), answer.status(), answer.body());
      }
    } catch (IOException e) {
      // The client has gone, or the test cut the connection.
    }
  }

  private Answer answer(HttpHead request) {
    Function<HttpHead, Answer> handler = routes.get(request.method() + " " + request.path());
    return handler == null
        ? problem(404, "not_found", "there is no " + request.path(), "")
        : handler.apply(request);
  }

  private static void write(OutputStream out, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    String type = status >= 400 ? "application/problem+json" : "application/json";
    out.write(
        ("HTTP/1.1 "
                + status
                + " x\r\nContent-Type: "
                + type
                + "\r\nContent-Length: "
                + bytes.length
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    out.write(bytes);
    out.flush();
  }

  private void stream(Socket socket, HttpHead request) throws IOException {
    String ticket = request.target().substring(request.target().indexOf("ticket=") + 7);
    if (tickets.remove(ticket) == null) {
      write(socket.getOutputStream(), 401, "{}");
      return;
    }
    socket
        .getOutputStream()
        .write(
            ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                    + accept(request.header("sec-websocket-key"))
                    + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
    connections.incrementAndGet();
    TestStream stream = new TestStream(socket);
    String subscribe = stream.read();
    if (subscribe == null) {
      return;
    }
    Map<String, Object> frame = Json.object(subscribe);
    long after = frame.get("after") instanceof Number n ? n.longValue() : 0;
    synchronized (log) {
      log.stream().filter(event -> event.seq() > after).forEach(stream::event);
      long last = log.isEmpty() ? 0 : log.getLast().seq();
      stream.send(
          Json.write(
              Map.of("op", "caughtUp", "run", String.valueOf(frame.get("run")), "seq", last)));
      streams.add(stream);
    }
    while (stream.read() != null) {
      // Only pings come, and the end.
    }
    streams.remove(stream);
  }

  private static String accept(String key) {
    try {
      return Base64.getEncoder()
          .encodeToString(
              MessageDigest.getInstance("SHA-1")
                  .digest(
                      (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
                          .getBytes(StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An event as a tree. */
  static Map<String, Object> tree(LoggedEvent event) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("run", event.run());
    tree.put("seq", event.seq());
    tree.put("at", event.at());
    tree.put("type", event.type());
    tree.put("agent", event.agent());
    tree.put("data", event.data());
    tree.put("prev", event.prev());
    tree.put("hash", event.hash());
    return tree;
  }
}
