package dev.helm.activities.practice;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for the model when no key is configured, and in the tests: a loopback server that
 * speaks the Messages protocol ({@code POST /v1/messages}, {@code /v1/messages/count_tokens}) from
 * scenario files. It holds nothing about a conversation; everything is read from the request.
 */
public final class PracticeModel implements AutoCloseable {
  private static final int BODY_CAP_BYTES = 32 << 20;
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

  private final List<Scenario> scenarios;
  private final boolean paced;
  private final PromptCache cache = new PromptCache(System::currentTimeMillis);
  private final FaultCounts faults = new FaultCounts();
  private final LoopbackHttp http;

  private PracticeModel(int port, List<Scenario> scenarios, boolean paced) throws IOException {
    this.scenarios = scenarios;
    this.paced = paced;
    ServerSocket socket = new ServerSocket(port, 1024, InetAddress.getByName("127.0.0.1"));
    this.http = LoopbackHttp.start(socket, BODY_CAP_BYTES, this::handle);
  }

  /**
   * Starts a server on 127.0.0.1.
   *
   * @param port TCP port, 0 for a free one
   * @param scenarioFolders folders with scenario files; earlier ones win
   * @param paced false ignores every {@code paceMs}, for tests
   * @throws IOException if the port is taken or a file cannot be read
   * @throws IllegalArgumentException for a mistake in a scenario; the message says where
   */
  public static PracticeModel start(int port, List<Path> scenarioFolders, boolean paced)
      throws IOException {
    return new PracticeModel(port, ScenarioFiles.read(scenarioFolders), paced);
  }

  /** The port that it listens on. */
  public int port() {
    return http.port();
  }

  @Override
  public void close() throws IOException {
    http.close();
  }

  private void handle(HttpRequest request, HttpReply reply) throws IOException {
    String requestId = StepIds.random("req_01");
    try {
      boolean counting = route(request);
      JsonNode body = parse(request);
      RequestCheck.check(body, counting);
      if (counting) {
        ObjectNode count = JsonNodeFactory.instance.objectNode();
        count.put("input_tokens", PromptCache.count(body).usage().total());
        reply.send(200, jsonHeaders(requestId), bytes(count));
      } else {
        message(body, reply, requestId);
      }
    } catch (ApiFailure e) {
      Map<String, String> headers = jsonHeaders(requestId);
      if (e.retryAfterS() > 0) {
        headers.put("retry-after", "" + e.retryAfterS());
      }
      reply.send(e.status(), headers, bytes(error(e, requestId)));
    } catch (EventSink.Cut e) {
      // The scenario wanted it; the connection closes without the end of the stream.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the request only counts tokens. */
  private static boolean route(HttpRequest request) throws ApiFailure {
    boolean counting = request.path().equals("/v1/messages/count_tokens");
    if (!counting && !request.path().equals("/v1/messages")) {
      throw ApiFailure.of(404, "Not found");
    }
    if (!request.method().equals("POST")) {
      throw ApiFailure.of(405, "Method Not Allowed");
    }
    if (request.header("x-api-key").isEmpty()) {
      throw ApiFailure.of(401, "x-api-key header is required");
    }
    if (request.header("anthropic-version").isEmpty()) {
      throw ApiFailure.invalid("anthropic-version: header is required");
    }
    if (!request.header("anthropic-version").matches("2023-(01-01|06-01)")) {
      throw ApiFailure.invalid(
          "anthropic-version: \""
              + request.header("anthropic-version")
              + "\" is not a valid version");
    }
    return counting;
  }

  private static JsonNode parse(HttpRequest request) throws ApiFailure, IOException {
    try {
      return JSON.readTree(request.body());
    } catch (JsonProcessingException e) {
      throw ApiFailure.invalid("The request body is not valid JSON: " + e.getOriginalMessage());
    }
  }

  private void message(JsonNode body, HttpReply reply, String requestId)
      throws IOException, ApiFailure, InterruptedException {
    Conversation conversation = Conversation.of(body);
    Turn turn = Turn.choose(scenarioFor(conversation), conversation, offer(body));
    Scenario.Fault fault =
        turn.faults().isEmpty()
            ? null
            : faults.take(PromptCache.count(body).whole(), turn.name(), turn.faults());
    if (fault != null) {
      Thread.sleep(fault.delayMs());
      if (fault.status() > 0) {
        throw ApiFailure.scripted(fault.status(), fault.retryAfterS());
      }
    }
    long maxTokens = body.path("max_tokens").asLong();
    Answer answer = new Answer(turn, body.path("model").asText(), maxTokens, cache.charge(body));
    if (!body.path("stream").asBoolean(false)) {
      reply.send(200, jsonHeaders(requestId), bytes(answer.whole()));
      return;
    }
    Map<String, String> headers = jsonHeaders(requestId);
    headers.put("content-type", "text/event-stream; charset=utf-8");
    headers.put("cache-control", "no-cache");
    reply.beginStream(headers);
    answer.stream(new EventSink(reply, paced, fault));
    reply.endStream();
  }

  private @Nullable Scenario scenarioFor(Conversation conversation) {
    for (Scenario scenario : scenarios) {
      if (scenario.match().fits(conversation.system(), conversation.firstUser())) {
        return scenario;
      }
    }
    return null;
  }

  private static Turn.Offer offer(JsonNode body) {
    List<String> tools = new ArrayList<>();
    JsonNode choice = body.path("tool_choice");
    if (!choice.path("type").asText().equals("none")) {
      body.path("tools").forEach(tool -> tools.add(tool.path("name").asText()));
    }
    return new Turn.Offer(tools, choice.path("disable_parallel_tool_use").asBoolean(false));
  }

  private static ObjectNode error(ApiFailure e, String requestId) {
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("type", "error");
    body.putObject("error").put("type", e.type()).put("message", e.getMessage());
    return body.put("request_id", requestId);
  }

  private static Map<String, String> jsonHeaders(String requestId) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("content-type", "application/json");
    headers.put("request-id", requestId);
    return headers;
  }

  private static byte[] bytes(JsonNode json) {
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Runs until it is killed: {@code --port N [--scenarios DIR]… [--no-pace]}. Prints {@code ready}
   * when it listens (before it {@code port N} when the port was 0); exit code 2 for wrong use.
   */
  public static void main(String[] args) throws IOException {
    List<Path> folders = new ArrayList<>();
    int port = -1;
    boolean paced = true;
    try {
      for (Arguments at = new Arguments(args); at.hasNext(); ) {
        switch (at.next()) {
          case "--port" -> port = at.port();
          case "--scenarios" -> folders.add(Path.of(at.value()));
          case "--no-pace" -> paced = false;
          default -> throw at.unknown("--port N [--scenarios DIR]... [--no-pace]");
        }
      }
      if (port < 0) {
        throw new IllegalArgumentException("--port N is missing");
      }
      PracticeModel model = start(port, folders, paced);
      Arguments.ready(port, model.port());
    } catch (IllegalArgumentException e) {
      System.err.println("practice model: " + e.getMessage());
      System.exit(2);
    } catch (java.net.BindException e) {
      System.err.println(
          "practice model: port " + port + " is taken; stop what listens there, or give another");
      System.exit(1);
    }
  }
}
