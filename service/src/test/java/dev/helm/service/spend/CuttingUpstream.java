package dev.helm.service.spend;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A model that speaks the Messages protocol and keeps its own bill: each request that it saw costs
 * its input and what it wrote until then, whether or not anybody received it. It cuts some streams,
 * resets some, falls silent in some, and answers some with an error, which is free.
 */
final class CuttingUpstream implements AutoCloseable {
  /** Micro-dollars a token, for every kind. */
  static final long MICROS_A_TOKEN = 2;

  private final ServerSocket server;
  private final Random random;

  /** Micro-dollars by run, whose id the request's text names. */
  final Map<String, AtomicLong> bills = new ConcurrentHashMap<>();

  final AtomicLong seen = new AtomicLong();
  final AtomicLong cut = new AtomicLong();

  CuttingUpstream(long seed) throws IOException {
    this.server = new ServerSocket(0, 1_024, InetAddress.getLoopbackAddress());
    this.random = new Random(seed);
    Thread.ofVirtual().start(this::accept);
  }

  String uri() {
    return "http://127.0.0.1:" + server.getLocalPort();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private synchronized int pick(int bound) {
    return random.nextInt(bound);
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = socket.getInputStream();
      boolean open = true;
      while (open) {
        JsonNode body = request(in);
        if (body == null) {
          return;
        }
        open = answer(socket, body);
      }
    } catch (IOException e) {
      // The proxy has left.
    }
  }

  /** The next request's body; null when the proxy has left, perhaps in the middle of one. */
  private static @Nullable JsonNode request(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0) {
        return null;
      }
      head.append((char) next);
    }
    int length = 0;
    for (String line : head.toString().split("\r\n")) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        length = Integer.parseInt(line.substring(15).strip());
      }
    }
    byte[] body = in.readNBytes(length);
    return length == 0 || body.length < length ? null : HelmJson.mapper().readTree(body);
  }

  /** Answers in one of six ways; true when the connection goes on. */
  private boolean answer(Socket socket, JsonNode body) throws IOException {
    seen.incrementAndGet();
    String run = body.at("/messages/0/content").asText().split(" ", 2)[0];
    int most = body.path("max_tokens").asInt();
    int input = 1 + body.toString().length() / 4;
    int output = 1 + pick(most);
    OutputStream out = socket.getOutputStream();
    int way = pick(10);
    if (way == 0) {
      return error(out);
    }
    bill(run, input);
    out.write(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            .getBytes(StandardCharsets.US_ASCII));
    chunk(out, start(input));
    int pieces = 1 + pick(4);
    for (int i = 0; i < pieces; i++) {
      bill(run, share(output, pieces, i));
      if (way <= 3 && i == pieces / 2) {
        cut.incrementAndGet();
        if (way == 1) {
          socket.setSoLinger(true, 0);
        }
        return false;
      }
      chunk(out, delta(output));
    }
    chunk(out, stop(output));
    out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    out.flush();
    return true;
  }

  private static boolean error(OutputStream out) throws IOException {
    String text =
        "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}";
    out.write(
        ("HTTP/1.1 529 Overloaded\r\ncontent-type: application/json\r\ncontent-length: "
                + text.length()
                + "\r\n\r\n"
                + text)
            .getBytes(StandardCharsets.US_ASCII));
    return true;
  }

  private static int share(int output, int pieces, int i) {
    return output / pieces + (i < output % pieces ? 1 : 0);
  }

  private void bill(String run, long tokens) {
    bills.computeIfAbsent(run, key -> new AtomicLong()).addAndGet(tokens * MICROS_A_TOKEN);
  }

  private static String start(int input) {
    return event(
        "message_start",
        "{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
            + "\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"usage\":"
            + "{\"input_tokens\":"
            + input
            + ",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,"
            + "\"output_tokens\":1}}}");
  }

  /** Text that looks like usage, as a model could write it. */
  private static String delta(int output) {
    return event(
        "content_block_delta",
        "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
            + "\"text\":\"{\\\"usage\\\":{\\\"output_tokens\\\":"
            + (output + 1_000_000)
            + "}}\"}}");
  }

  private static String stop(int output) {
    return event(
            "message_delta",
            "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\","
                + "\"stop_sequence\":null},\"usage\":{\"output_tokens\":"
                + output
                + "}}")
        + event("message_stop", "{\"type\":\"message_stop\"}");
  }

  private static String event(String name, String data) {
    return "event: " + name + "\ndata: " + data + "\n\n";
  }

  private static void chunk(OutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.write((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
    out.write(bytes);
    out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    try {
      out.flush();
    } catch (SocketException e) {
      throw new IOException("the proxy has left", e);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
