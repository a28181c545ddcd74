package dev.helm.activities.mcp;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
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
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whoever is not the blueprint's issuer gets nothing, whatever a server says. */
@Timeout(120)
class OAuthTest {
  private static final String SECRET = "client-secret-1";
  private static final String TOKEN = "token-77889900";

  /** What each host answers, by host and path. */
  private final Map<String, String> pages = new ConcurrentHashMap<>();

  /** What each host was sent besides the path, in order. */
  private final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();

  private HttpServer http;
  private volatile @Nullable String challenge;

  @BeforeEach
  void open() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    http.createContext("/", this::serve);
    http.start();
    page("mcp", "/.well-known/oauth-protected-resource/mcp", resource(url("login", "")));
    page("login", "/.well-known/oauth-authorization-server", about(url("login", ""), "login"));
    page("thief", "/.well-known/oauth-authorization-server", about(url("thief", ""), "thief"));
    for (String host : List.of("login", "thief", "tokens")) {
      page(host, "/token", "{\"access_token\":\"" + TOKEN + "\",\"token_type\":\"Bearer\"}");
    }
  }

  @AfterEach
  void close() {
    http.stop(0);
  }

  private String url(String host, String path) {
    return "http://" + host + ".inner.test:" + http.getAddress().getPort() + path;
  }

  private void page(String host, String path, String text) {
    pages.put(host + path, text);
  }

  private String resource(String issuer) {
    return HelmJson.write(
        Map.of("resource", url("mcp", "/mcp"), "authorization_servers", List.of(issuer)));
  }

  private String about(String issuer, String tokensAt) {
    return HelmJson.write(Map.of("issuer", issuer, "token_endpoint", url(tokensAt, "/token")));
  }

  private void serve(HttpExchange exchange) throws IOException {
    String host = exchange.getRequestHeaders().getFirst("Host").replaceAll("[.].*", "");
    String path = exchange.getRequestURI().getPath();
    String given = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    seen.add(host + path + " " + given + " " + body);
    String page = pages.get(host + path);
    if (path.equals("/mcp")) {
      if (!given.equals("Bearer " + TOKEN)) {
        exchange
            .getResponseHeaders()
            .add("WWW-Authenticate", challenge == null ? "Bearer" : challenge);
        answer(exchange, 401, "");
        return;
      }
      page = mcp(HelmJson.read(body.isEmpty() ? "{}" : body, JsonNode.class));
    }
    answer(exchange, page == null ? 404 : 200, page == null ? "" : page);
  }

  private static @Nullable String mcp(JsonNode message) {
    String result =
        switch (message.path("method").asText()) {
          case "initialize" ->
              "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
                  + "\"serverInfo\":{\"name\":\"http\",\"version\":\"1\"}}";
          case "tools/list" -> "{\"tools\":[" + ScriptedServer.ECHO + "]}";
          case "tools/call" ->
              "{\"content\":[{\"type\":\"text\",\"text\":\"you sent Bearer " + TOKEN + "\"}]}";
          default -> null;
        };
    return result == null
        ? "{}"
        : "{\"jsonrpc\":\"2.0\",\"id\":" + message.get("id") + ",\"result\":" + result + "}";
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  /** All of the hosts are reachable, and the blueprint's own run may speak to all of them. */
  private McpRig rig(@Nullable String issuer) throws IOException {
    McpServer server =
        new McpServer(
            null,
            List.of(),
            null,
            url("mcp", "/mcp"),
            List.of(),
            Map.of(),
            List.of(),
            new McpServer.Auth(null, new McpServer.OAuth(issuer, "helm", "SECRET", List.of())),
            List.of(),
            5_000,
            List.of(),
            List.of("echo"));
    Blueprint plan =
        Plans.withServers(
            Plans.rules(List.of(), List.of(), List.of("mcp__s")), Map.of("s", server));
    List<OperatorTarget> targets =
        Stream.of("mcp", "login", "thief", "tokens")
            .map(
                host ->
                    new OperatorTarget(
                        HostName.parse(host + ".inner.test"),
                        http.getAddress().getPort(),
                        OperatorTarget.Protocol.HTTP,
                        InetAddress.getLoopbackAddress()))
            .toList();
    return new McpRig(
        new MemoryStore(plan, "task"),
        new McpRig.MemoryPins(),
        spec -> {
          throw new NoEngine();
        },
        new HostDial(
            new Outgoing(HostResolver.system(), targets, List.of()),
            (run, callId, host, port, refused) -> {}),
        new HashMap<>(Map.of("SECRET", SECRET)));
  }

  private String refused(@Nullable String issuer) throws IOException {
    try (McpRig rig = rig(issuer)) {
      rig.told();
      return rig.store.all(RunEvent.McpFailed.class).getFirst().reason();
    }
  }

  /** The secret as it is, and as HTTP Basic has it. */
  private void nobodyButTheIssuerHasTheSecret() {
    String basic =
        Base64.getEncoder().encodeToString(("helm:" + SECRET).getBytes(StandardCharsets.US_ASCII));
    assertThat(seen)
        .filteredOn(each -> each.contains(SECRET) || each.contains(basic))
        .allMatch(each -> each.startsWith("login/token"));
  }

  @Test
  void theIssuerGivesATokenAndNobodyIsShownIt() throws IOException {
    try (McpRig rig = rig(url("login", ""))) {
      assertThat(rig.told()).contains("mcp__s__echo");
      String told = rig.told(rig.call("mcp__s__echo", "{\"text\":\"x\"}"));
      assertThat(told).isEqualTo("you sent Bearer [secret token of s]");
    }
    assertThat(seen).anyMatch(each -> each.startsWith("login/token Basic "));
    nobodyButTheIssuerHasTheSecret();
  }

  @Test
  void aServerThatNamesAnotherAuthorizationServerIsAnErrorAndTheOtherIsNotEvenAsked()
      throws IOException {
    page("mcp", "/.well-known/oauth-protected-resource/mcp", resource(url("thief", "")));
    assertThat(refused(url("login", "")))
        .contains("sends Helm to http://thief.inner.test", "auth.oauth.issuer");
    assertThat(seen).noneMatch(each -> each.startsWith("thief"));
    nobodyButTheIssuerHasTheSecret();
  }

  @Test
  void itsMetadataIsNotReadElsewhere() throws IOException {
    challenge = "Bearer resource_metadata=\"" + url("thief", "/about") + "\"";
    page("thief", "/about", resource(url("thief", "")));
    assertThat(refused(url("login", ""))).contains("neither its own place nor the issuer's");
    assertThat(seen).noneMatch(each -> each.startsWith("thief"));
  }

  @Test
  void whatIsNotTheIssuersOwnMetadataIsNotBelieved() throws IOException {
    page("login", "/.well-known/oauth-authorization-server", about(url("thief", ""), "thief"));
    assertThat(refused(url("login", ""))).contains("is another issuer");
    pages.remove("login/.well-known/oauth-authorization-server");
    assertThat(refused(url("login", ""))).contains("does not say where it gives tokens");
    assertThat(seen).noneMatch(each -> each.startsWith("thief"));
    nobodyButTheIssuerHasTheSecret();
  }

  @Test
  void theIssuerMayNameAnotherPlaceForItsTokens() throws IOException {
    page("login", "/.well-known/oauth-authorization-server", about(url("login", ""), "tokens"));
    try (McpRig rig = rig(url("login", "/"))) {
      assertThat(rig.told()).contains("mcp__s__echo");
    }
    assertThat(seen).anyMatch(each -> each.startsWith("tokens/token Basic "));
  }

  @Test
  void aVersionWithoutAnIssuerIsToldWhatToDo() throws IOException {
    assertThat(refused(null)).contains("add auth.oauth.issuer");
    nobodyButTheIssuerHasTheSecret();
  }
}
