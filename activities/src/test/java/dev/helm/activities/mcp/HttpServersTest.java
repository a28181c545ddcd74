package dev.helm.activities.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.helm.activities.egress.Dial;
import dev.helm.activities.egress.HostDial;
import dev.helm.activities.egress.HostName;
import dev.helm.activities.egress.HostResolver;
import dev.helm.activities.egress.OperatorTarget;
import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.run.Plans;
import dev.helm.activities.sandbox.NoEngine;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.McpServer;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ToolActivity.Reply;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers over HTTP: what they get, what they may answer, where Helm goes at all. */
@Timeout(120)
class HttpServersTest {
  private static final String HELLO = "{\"text\":\"hello\"}";
  private static final String TEXT = "{\"content\":[{\"type\":\"text\",\"text\":\"hello\"}]}";

  private interface Answer {
    void to(HttpExchange exchange, JsonNode message) throws IOException;
  }

  private final ConcurrentLinkedQueue<String> attempts = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> authorizations = new ConcurrentLinkedQueue<>();
  private HttpServer http;
  private volatile Answer call = (exchange, message) -> json(exchange, result(message, TEXT));
  private volatile @Nullable String wanted;

  @BeforeEach
  void open() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    http.createContext("/mcp", this::serve);
    http.start();
  }

  @AfterEach
  void close() {
    http.stop(0);
  }

  private void serve(HttpExchange exchange) throws IOException {
    String token = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
    authorizations.add(token);
    if (wanted != null && !token.equals(wanted)) {
      exchange.getResponseHeaders().add("WWW-Authenticate", "Bearer error=\"invalid_token\"");
      empty(exchange, 401);
      return;
    }
    if (!exchange.getRequestMethod().equals("POST")) {
      empty(exchange, 405);
      return;
    }
    JsonNode message =
        HelmJson.read(
            new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8),
            JsonNode.class);
    switch (message.path("method").asText()) {
      case "initialize" ->
          json(
              exchange,
              result(
                  message,
                  "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
                      + "\"serverInfo\":{\"name\":\"http\",\"version\":\"1\"}}"));
      case "tools/list" ->
          json(exchange, result(message, "{\"tools\":[" + ScriptedServer.ECHO + "]}"));
      case "tools/call" -> call.to(exchange, message);
      default -> empty(exchange, 202);
    }
  }

  private static String result(JsonNode message, String result) {
    return "{\"jsonrpc\":\"2.0\",\"id\":" + message.get("id") + ",\"result\":" + result + "}";
  }

  private static void empty(HttpExchange exchange, int status) throws IOException {
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }

  private static void json(HttpExchange exchange, String text) throws IOException {
    body(exchange, "application/json", text);
  }

  private static void body(HttpExchange exchange, String type, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", type);
    exchange.sendResponseHeaders(200, bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  private String url(String host) {
    return "http://" + host + ":" + http.getAddress().getPort() + "/mcp";
  }

  /** Helm's own way out, with this server as a target that the operator lists. */
  private Dial dial() throws IOException {
    OperatorTarget target =
        new OperatorTarget(
            HostName.parse("mcp.inner.test"),
            http.getAddress().getPort(),
            OperatorTarget.Protocol.HTTP,
            InetAddress.getLoopbackAddress());
    return new HostDial(
        new Outgoing(HostResolver.system(), List.of(target), List.of()),
        (run, callId, host, port, refused) ->
            attempts.add(callId + " " + host + " " + (refused == null ? "allowed" : refused)));
  }

  /** Of which the blueprint vouches that its tool only reads. */
  private static McpServer server(String url, McpServer.@Nullable Auth auth) {
    return server(url, auth, List.of("echo"));
  }

  private static McpServer server(String url, McpServer.@Nullable Auth auth, List<String> reads) {
    return new McpServer(
        null, List.of(), null, url, List.of(), Map.of(), List.of(), auth, List.of(), 5_000,
        List.of(), reads);
  }

  private McpRig rig(McpServer server, Map<String, String> secrets) throws IOException {
    Blueprint plan =
        Plans.withServers(
            Plans.rules(List.of(), List.of(), List.of("mcp__s")), Map.of("s", server));
    return new McpRig(
        new MemoryStore(plan, "task"),
        new McpRig.MemoryPins(),
        spec -> {
          throw new NoEngine();
        },
        dial(),
        secrets);
  }

  private String ended(Answer answer) throws IOException {
    call = answer;
    try (McpRig rig = rig(server(url("mcp.inner.test"), null), Map.of())) {
      rig.told();
      String told = rig.told(rig.call("mcp__s__echo", HELLO));
      call = (exchange, message) -> json(exchange, result(message, TEXT));
      assertThat(rig.told(rig.call("mcp__s__echo", HELLO))).isEqualTo("hello");
      return told;
    }
  }

  @Test
  void theOperatorsTargetIsReachedAndEachConnectionIsAnEventOfItsCall() throws IOException {
    assertThat(ended((exchange, message) -> json(exchange, result(message, TEXT))))
        .isEqualTo("hello");
    assertThat(attempts).contains("t1 mcp.inner.test allowed", "t2 mcp.inner.test allowed");
  }

  @Test
  void streamsAreRead() throws IOException {
    assertThat(
            ended(
                (exchange, message) ->
                    body(
                        exchange,
                        "text/event-stream",
                        ": hello\r\nevent: message\r\ndata: "
                            + result(message, TEXT)
                            + "\r\n\r\n")))
        .isEqualTo("hello");
  }

  @Test
  void thisMachineIsNotReachedByWhatABlueprintSays() throws IOException {
    for (String host : List.of("127.0.0.1", "localhost", "[::1]")) {
      try (McpRig rig = rig(server(url(host), null), Map.of())) {
        assertThat(rig.told()).doesNotContain("mcp__s__");
        assertThat(rig.store.all(RunEvent.McpFailed.class)).hasSize(1);
      }
    }
    assertThat(authorizations).isEmpty();
    assertThat(attempts).hasSize(3).noneMatch(attempt -> attempt.endsWith("allowed"));
  }

  @Test
  void aBearerIsSentAndNeverShown() throws IOException {
    wanted = "Bearer sesame-7788";
    McpServer server = server(url("mcp.inner.test"), new McpServer.Auth("TOKEN", null));
    try (McpRig rig = rig(server, Map.of("TOKEN", "sesame-7788"))) {
      assertThat(rig.told()).contains("mcp__s__echo");
      assertThat(HelmJson.write(rig.store.types())).doesNotContain("sesame");
    }
    try (McpRig rig = rig(server, Map.of("TOKEN", "wrong-7788"))) {
      assertThat(rig.told()).doesNotContain("mcp__s__echo");
      assertThat(rig.store.all(RunEvent.McpFailed.class).getFirst().reason())
          .contains("does not accept Helm's credentials (HTTP 401)")
          .doesNotContain("wrong-7788");
    }
  }

  @Test
  void anAnswerThatIsTooLargeIsAnError() throws IOException {
    assertThat(
            ended(
                (exchange, message) -> {
                  exchange.getResponseHeaders().add("Content-Type", "application/json");
                  exchange.sendResponseHeaders(200, 0);
                  try (OutputStream out = exchange.getResponseBody()) {
                    byte[] piece = new byte[1 << 20];
                    for (int i = 0; i < 100; i++) {
                      out.write(piece);
                    }
                  }
                }))
        .contains("larger than", "ask it for less");
  }

  @Test
  void aServerThatSendsElsewhereIsNotFollowed() throws IOException {
    assertThat(
            ended(
                (exchange, message) -> {
                  exchange.getResponseHeaders().add("Location", "http://169.254.169.254/");
                  empty(exchange, 307);
                }))
        .contains("points elsewhere", "HTTP 307");
  }

  @Test
  void aServerThatRefusesOrForgetsTheSessionIsBegunAnew() throws IOException {
    assertThat(ended((exchange, message) -> empty(exchange, 404))).contains("HTTP 404");
    assertThat(ended((exchange, message) -> empty(exchange, 500))).contains("HTTP 500");
  }

  /** Of a call whose answer is not seen, where nobody vouches for the tool. */
  private String unknown(Answer answer) throws IOException {
    call = answer;
    try (McpRig rig = rig(server(url("mcp.inner.test"), null, List.of()), Map.of())) {
      rig.told();
      Reply asked = rig.call("mcp__s__echo", HELLO);
      // An unvouched tool acts outside: people are asked where strangers are read too.
      Reply reply = ((Reply.Waits) asked).reason().equals("permission") ? rig.allow(asked) : asked;
      assertThat(((Reply.Waits) reply).reason()).isEqualTo("unknown");
      return rig.store.all(RunEvent.ToolUnknown.class).getFirst().reason();
    }
  }

  @Test
  void aCallWhoseAnswerWasNotSeenIsUnknown() throws IOException {
    assertThat(unknown((exchange, message) -> exchange.close()))
        .contains("the connection was lost");
    assertThat(unknown((exchange, message) -> empty(exchange, 500)))
        .contains("took the message and then failed (HTTP 500)");
    assertThat(unknown((exchange, message) -> empty(exchange, 504))).contains("HTTP 504");
    assertThat(unknown((exchange, message) -> {})).contains("did not answer within 5 s");
  }

  @Test
  void whatTheBlueprintVouchesOnlyReadsIsAnError() throws IOException {
    assertThat(ended((exchange, message) -> exchange.close())).contains("the connection was lost");
  }

  @Test
  void anAnswerThatNeverComesIsTimedOut() throws IOException {
    assertThat(
            ended(
                (exchange, message) -> {
                  exchange.getResponseHeaders().add("Content-Type", "text/event-stream");
                  exchange.sendResponseHeaders(200, 0);
                  exchange
                      .getResponseBody()
                      .write(": still here\n\n".getBytes(StandardCharsets.UTF_8));
                  exchange.getResponseBody().flush();
                }))
        .contains("did not answer within 5 s");
  }
}
