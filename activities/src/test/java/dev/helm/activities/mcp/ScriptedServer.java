package dev.helm.activities.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.sandbox.Box;
import dev.helm.activities.sandbox.BoxEnd;
import dev.helm.activities.sandbox.BoxSpec;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.workflows.HelmJson;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A server that does whatever a test says, over real pipes. */
class ScriptedServer implements Boxes {
  static final String ECHO =
      """
      {"name":"echo","description":"Says it again","inputSchema":{"type":"object",\
      "properties":{"text":{"type":"string"}},"required":["text"]},\
      "annotations":{"readOnlyHint":true,"idempotentHint":true}}""";

  /** Each box that was opened. */
  final List<BoxSpec> opened = new CopyOnWriteArrayList<>();

  /** Arguments of each tools/call, of all lives. */
  final List<JsonNode> calls = new CopyOnWriteArrayList<>();

  final AtomicInteger lives = new AtomicInteger();
  volatile String tools = ECHO;
  volatile String words = "";

  /** One life of it. */
  final class Life implements Box {
    private final BoxSpec spec;
    private final Pipe toServer;
    private final Pipe toHelm;
    private final OutputStream out;
    final BufferedReader reads;
    private final CompletableFuture<BoxEnd> end = new CompletableFuture<>();

    Life(BoxSpec spec) throws IOException {
      this.spec = spec;
      toServer = Pipe.open();
      toHelm = Pipe.open();
      out = Channels.newOutputStream(toHelm.sink());
      reads =
          new BufferedReader(
              new InputStreamReader(
                  Channels.newInputStream(toServer.source()), StandardCharsets.UTF_8));
    }

    void send(String json) throws IOException {
      synchronized (out) {
        out.write((json + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
      }
    }

    void answer(JsonNode request, String result) throws IOException {
      send("{\"jsonrpc\":\"2.0\",\"id\":" + request.get("id") + ",\"result\":" + result + "}");
    }

    void text(JsonNode request, String text) throws IOException {
      answer(request, "{\"content\":[{\"type\":\"text\",\"text\":" + HelmJson.write(text) + "}]}");
    }

    OutputStream raw() {
      return out;
    }

    void dies(int code) throws IOException {
      end.complete(new BoxEnd(BoxEnd.Kind.EXITED, code, ""));
      shut();
    }

    private void shut() throws IOException {
      toHelm.sink().close();
      toServer.source().close();
    }

    @Override
    public String name() {
      return spec.name();
    }

    @Override
    public InputStream out() {
      return Channels.newInputStream(toHelm.source());
    }

    @Override
    public OutputStream in() {
      return Channels.newOutputStream(toServer.sink());
    }

    @Override
    public CompletableFuture<BoxEnd> end() {
      return end;
    }

    @Override
    public String lastWords() {
      return words;
    }

    @Override
    public void close() {
      end.complete(new BoxEnd(BoxEnd.Kind.KILLED, 137, "closed"));
      try {
        shut();
        toHelm.source().close();
        toServer.sink().close();
      } catch (IOException e) {
        // Closed as far as it can be.
      }
    }
  }

  @Override
  public Box open(BoxSpec spec) {
    opened.add(spec);
    lives.incrementAndGet();
    try {
      Life life = new Life(spec);
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  serve(life);
                  life.dies(0);
                } catch (IOException e) {
                  life.close();
                }
              });
      return life;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Reads to the end. */
  void serve(Life life) throws IOException {
    for (String line = life.reads.readLine(); line != null; line = life.reads.readLine()) {
      JsonNode message = HelmJson.read(line, JsonNode.class);
      switch (message.path("method").asText()) {
        case "initialize" -> initialize(life, message);
        case "tools/list" -> list(life, message);
        case "tools/call" -> {
          calls.add(message.path("params"));
          call(life, message);
        }
        case "ping" -> life.answer(message, "{}");
        default -> other(life, message);
      }
    }
  }

  void initialize(Life life, JsonNode message) throws IOException {
    life.answer(
        message,
        "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{}},"
            + "\"serverInfo\":{\"name\":\"scripted\",\"version\":\"1\"}}");
  }

  void list(Life life, JsonNode message) throws IOException {
    life.answer(message, "{\"tools\":[" + tools + "]}");
  }

  void call(Life life, JsonNode message) throws IOException {
    life.text(message, message.path("params").path("arguments").path("text").asText());
  }

  /** Answers to what it asked, and notifications. */
  void other(Life life, JsonNode message) throws IOException {}
}
