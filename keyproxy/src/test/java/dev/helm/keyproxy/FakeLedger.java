package dev.helm.keyproxy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;

/** A ledger that grants, records every line, and can be told to answer otherwise or to go away. */
final class FakeLedger implements AutoCloseable {
  static final String SECRET = "5e".repeat(32);
  static final String RUN = "ab".repeat(16);

  /** One line that came, with its top-level members as text. */
  record Line(String text, Map<String, String> members) {
    String op() {
      return members.getOrDefault("op", "");
    }

    String id() {
      return members.getOrDefault("id", "");
    }
  }

  final List<Line> lines = new CopyOnWriteArrayList<>();
  final Map<String, String> ends = new ConcurrentHashMap<>();
  final Map<String, String> open = new ConcurrentHashMap<>();
  private final Path path;
  private final List<SocketChannel> clients = new CopyOnWriteArrayList<>();
  private volatile BiFunction<Line, List<String>, List<String>> script = (line, usual) -> usual;
  private volatile ServerSocketChannel server;

  FakeLedger(Path path) throws IOException {
    this.path = path;
    this.server = listen();
  }

  /** Given a line and the usual answers, says what to answer instead. */
  void script(BiFunction<Line, List<String>, List<String>> script) {
    this.script = script;
  }

  private ServerSocketChannel listen() throws IOException {
    Files.deleteIfExists(path);
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    channel.bind(UnixDomainSocketAddress.of(path));
    Thread.ofVirtual()
        .start(
            () -> {
              while (channel.isOpen()) {
                try {
                  SocketChannel client = channel.accept();
                  clients.add(client);
                  Thread.ofVirtual().start(() -> serve(client));
                } catch (IOException e) {
                  return;
                }
              }
            });
    return channel;
  }

  /** Goes away with all connections; what it recorded stays. */
  void stop() throws IOException {
    server.close();
    dropClients();
  }

  void dropClients() throws IOException {
    for (SocketChannel client : clients) {
      client.close();
    }
    clients.clear();
  }

  void startAgain() throws IOException {
    server = listen();
  }

  private void serve(SocketChannel client) {
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(Channels.newInputStream(client), StandardCharsets.UTF_8))) {
      String text = in.readLine();
      while (text != null) {
        Line line = new Line(text, parse(text));
        List<String> answers = script.apply(line, usual(line));
        book(line);
        lines.add(line);
        for (String answer : answers) {
          if (answer.equals("CLOSE")) {
            client.close();
            return;
          }
          client.write(ByteBuffer.wrap((answer + "\n").getBytes(StandardCharsets.UTF_8)));
        }
        text = in.readLine();
      }
    } catch (IOException e) {
      // The proxy went away, or the test stopped the ledger.
    }
  }

  private List<String> usual(Line line) {
    return switch (line.op()) {
      case "hello" ->
          SECRET.equals(line.members().get("secret"))
              ? List.of("{\"op\":\"hello\",\"ok\":true}")
              : List.of("{\"op\":\"hello\",\"ok\":false,\"code\":\"unauthorized\"}", "CLOSE");
      case "reserve" -> reserve(line);
      default -> List.of("{\"id\":\"" + line.id() + "\",\"ok\":true}");
    };
  }

  private static List<String> reserve(Line line) {
    String id = "{\"id\":\"" + line.id() + "\"";
    return switch (line.members().getOrDefault("token", "")) {
      case "unknown" ->
          List.of(
              id
                  + ",\"ok\":false,\"status\":401,\"code\":\"unknown_token\",\"message\":\"no"
                  + " run\"}");
      case "poor" ->
          List.of(
              id
                  + ",\"ok\":false,\"status\":402,\"code\":\"budget_exhausted\","
                  + "\"message\":\"the run's budget is spent\",\"affordableTokens\":123,"
                  + "\"budget\":\"project:a/day spent=1.000000\"}");
      default -> List.of(id + ",\"ok\":true,\"run\":\"" + RUN + "\"}");
    };
  }

  private void book(Line line) {
    switch (line.op()) {
      case "hello" -> {
        String boot = line.members().getOrDefault("boot", "");
        open.values().removeIf(one -> !one.equals(boot));
        lastBoot = boot;
      }
      case "reserve" -> open.put(line.id(), lastBoot);
      case "settle", "charge", "void" -> {
        open.remove(line.id());
        ends.merge(line.id(), line.op(), (a, b) -> a.equals(b) ? a : a + "+" + b);
      }
      default -> throw new IllegalStateException("unknown op in " + line.text());
    }
  }

  private volatile String lastBoot = "";

  List<Line> of(String op) {
    return lines.stream().filter(line -> line.op().equals(op)).toList();
  }

  private static Map<String, String> parse(String text) {
    Map<String, String> members = new HashMap<>();
    try (JsonParser parser = new JsonFactory().createParser(text)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken value = parser.nextToken();
        if (value.isStructStart()) {
          int from = (int) parser.currentTokenLocation().getCharOffset();
          parser.skipChildren();
          int to = (int) parser.currentTokenLocation().getCharOffset() + 1;
          members.put(name, text.substring(from, to));
        } else {
          members.put(name, parser.getText());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return members;
  }

  @Override
  public void close() throws IOException {
    stop();
    Files.deleteIfExists(path);
  }
}
