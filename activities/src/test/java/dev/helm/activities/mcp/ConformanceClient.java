package dev.helm.activities.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.blueprint.McpServer;
import dev.helm.workflows.HelmJson;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Helm's client as a program for the conformance suite: greets, lists, calls each tool once. */
final class ConformanceClient {
  private ConformanceClient() {}

  /** The first argument is the scenario, the last one the server's address. */
  public static void main(String[] args) throws Exception {
    URI uri = URI.create(args[args.length - 1]);
    String given = System.getenv().getOrDefault("MCP_CONFORMANCE_CONTEXT", "{}");
    JsonNode context = HelmJson.read(given, JsonNode.class);
    // Others hold any GET open, as a stream.
    String issuer = args[0].startsWith("auth/") ? issuer(uri) : "";
    HttpWire.Login login =
        issuer.isEmpty()
            ? new Bearer(null)
            : new ClientCredentials(
                "4f3a".repeat(8),
                uri,
                NpmServers.LOOPBACK,
                new McpServer.OAuth(
                    issuer, context.path("client_id").asText("helm"), "CLIENT_SECRET", List.of()),
                () -> context.path("client_secret").asText("conformance"),
                (token, untilMs) -> {});
    HttpWire wire =
        new HttpWire("4f3a".repeat(8), uri, NpmServers.LOOPBACK, login, request -> null);
    McpServer server = ReferenceServersTest.server(null, uri.toString(), List.of(), List.of());
    Connection connection =
        new Connection(
            "conformance",
            server,
            wire,
            "test",
            text -> text,
            fault -> System.err.println("lost: " + fault.why()),
            (token, said) -> {});
    boolean failed = false;
    connection.begin();
    for (String tool : connection.tools().names()) {
      failed |= !called(connection, tool);
    }
    connection.close(new Fault(Fault.Kind.LOST, "done"));
    System.exit(failed ? 1 : 0);
  }

  /** What a blueprint's author would have read and written down; empty where there is none. */
  private static String issuer(URI server) throws Exception {
    URI about = server.resolve("/.well-known/oauth-protected-resource" + server.getPath());
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(about).build();
      HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      return answer.statusCode() == 200
          ? HelmJson.read(answer.body(), JsonNode.class)
              .path("authorization_servers")
              .path(0)
              .asText()
          : "";
    }
  }

  private static boolean called(Connection connection, String tool) throws InterruptedException {
    OpenCall call = new OpenCall(UUID.randomUUID().toString(), tool, 60_000);
    Map<String, Object> arguments = tool.equals("add_numbers") ? Map.of("a", 5, "b", 3) : Map.of();
    connection.call(call, tool, arguments);
    while (true) {
      OpenCall.News news = call.await();
      if (news instanceof OpenCall.News.Asks asks) {
        call.answer(asks.number(), "");
      } else {
        System.err.println(tool + ": " + news);
        return news instanceof OpenCall.News.Answered;
      }
    }
  }
}
