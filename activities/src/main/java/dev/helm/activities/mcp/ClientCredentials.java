package dev.helm.activities.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.egress.Dial;
import dev.helm.api.blueprint.McpServer;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * OAuth 2.1 with client credentials: the server says who gives tokens for it, Helm asks there. A
 * code from a browser is not possible, as nobody sits at one while a run works.
 */
final class ClientCredentials implements HttpWire.Login {
  private static final int ANSWER_MS = 20_000;
  private static final int ANSWER_BYTES_MAX = 256 << 10;
  private static final long SOON_MS = 30_000;
  private static final Pattern PARAMETER =
      Pattern.compile("(resource_metadata|scope)=(?:\"([^\"]{1,2000})\"|([^\\s,\"]{1,2000}))");

  private final String run;
  private final URI server;
  private final Dial dial;
  private final McpServer.OAuth client;
  private final @Nullable Supplier<String> secret;
  private final Predicate<String> hostAllowed;
  private @Nullable String token;
  private long goodUntilMs;

  /**
   * For one server.
   *
   * @param hostAllowed whether a host that the server names may be asked: attack: a server names
   *     its own token endpoint and is given the client's secret
   */
  ClientCredentials(
      String run,
      URI server,
      Dial dial,
      McpServer.OAuth client,
      @Nullable Supplier<String> secret,
      Predicate<String> hostAllowed) {
    this.run = run;
    this.server = server;
    this.dial = dial;
    this.client = client;
    this.secret = secret;
    this.hostAllowed = hostAllowed;
  }

  @Override
  public synchronized @Nullable String header() throws IOException {
    if (token != null && System.currentTimeMillis() > goodUntilMs) {
      fetch(null);
    }
    return token == null ? null : "Bearer " + token;
  }

  @Override
  public synchronized boolean again(@Nullable String challenge) throws IOException {
    fetch(challenge);
    return true;
  }

  private void fetch(@Nullable String challenge) throws IOException {
    Map<String, String> said = parameters(challenge);
    JsonNode resource = resource(said.get("resource_metadata"));
    String named = resource.path("resource").asText(server.toString());
    if (!covers(named)) {
      throw new Fault(
          Fault.Kind.REFUSED, "it says that it is another resource: " + Plain.line(named, 200));
    }
    String issuer = resource.path("authorization_servers").path(0).asText(root(server));
    JsonNode about = authorizationServer(address(issuer));
    URI endpoint = address(about.path("token_endpoint").asText(root(address(issuer)) + "/token"));
    take(request(endpoint, about, scope(said, resource), named));
  }

  private boolean covers(String resource) {
    try {
      URI uri = URI.create(resource);
      String path = uri.getPath() == null ? "" : uri.getPath().replaceAll("/+$", "");
      return root(uri).equals(root(server))
          && (path.isEmpty()
              || server.getPath().equals(path)
              || server.getPath().startsWith(path + "/"));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private String scope(Map<String, String> said, JsonNode resource) {
    if (!client.scopes().isEmpty()) {
      return String.join(" ", client.scopes());
    }
    String asked = said.get("scope");
    if (asked != null) {
      return asked;
    }
    List<String> all = new ArrayList<>();
    resource.path("scopes_supported").forEach(scope -> all.add(scope.asText()));
    return String.join(" ", all);
  }

  private JsonNode resource(@Nullable String metadata) throws IOException {
    List<URI> places = new ArrayList<>();
    if (metadata != null) {
      places.add(address(metadata));
    }
    String path = server.getPath() == null ? "" : server.getPath().replaceAll("/+$", "");
    places.add(address(root(server) + "/.well-known/oauth-protected-resource" + path));
    places.add(address(root(server) + "/.well-known/oauth-protected-resource"));
    return first(places, HelmJson.mapper().createObjectNode());
  }

  private JsonNode authorizationServer(URI issuer) throws IOException {
    String root = root(issuer);
    String path = issuer.getPath() == null ? "" : issuer.getPath().replaceAll("/+$", "");
    return first(
        List.of(
            address(root + "/.well-known/oauth-authorization-server" + path),
            address(root + "/.well-known/openid-configuration" + path),
            address(root + path + "/.well-known/openid-configuration")),
        HelmJson.mapper().createObjectNode());
  }

  private JsonNode first(List<URI> places, JsonNode otherwise) throws IOException {
    for (URI place : places.stream().distinct().toList()) {
      try (Exchange exchange =
          Exchange.of(
              socket(place), "GET", place, Map.of("Accept", "application/json"), null, ANSWER_MS)) {
        exchange.silence(ANSWER_MS);
        if (exchange.status() == 200) {
          return object(exchange.text(ANSWER_BYTES_MAX), place);
        }
      }
    }
    return otherwise;
  }

  private String request(URI endpoint, JsonNode about, String scope, String resource)
      throws IOException {
    Map<String, String> form = new LinkedHashMap<>();
    form.put("grant_type", "client_credentials");
    form.put("resource", resource);
    if (!scope.isEmpty()) {
      form.put("scope", scope);
    }
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Content-Type", "application/x-www-form-urlencoded");
    headers.put("Accept", "application/json");
    authenticate(about, form, headers);
    StringBuilder body = new StringBuilder();
    form.forEach(
        (name, value) ->
            body.append(body.isEmpty() ? "" : "&").append(name).append('=').append(coded(value)));
    try (Exchange exchange =
        Exchange.of(
            socket(endpoint),
            "POST",
            endpoint,
            headers,
            body.toString().getBytes(StandardCharsets.US_ASCII),
            ANSWER_MS)) {
      exchange.silence(ANSWER_MS);
      String text = exchange.text(ANSWER_BYTES_MAX);
      if (exchange.status() != 200) {
        throw new Fault(
            Fault.Kind.REFUSED,
            "no token from "
                + endpoint.getHost()
                + " (HTTP "
                + exchange.status()
                + "): "
                + Plain.line(text, 200));
      }
      return text;
    }
  }

  private void authenticate(JsonNode about, Map<String, String> form, Map<String, String> headers) {
    List<String> ways = new ArrayList<>();
    about.path("token_endpoint_auth_methods_supported").forEach(way -> ways.add(way.asText()));
    if (secret == null) {
      form.put("client_id", client.clientId());
    } else if (ways.isEmpty() || ways.contains("client_secret_basic")) {
      String pair = coded(client.clientId()) + ":" + coded(secret.get());
      headers.put(
          "Authorization",
          "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.US_ASCII)));
    } else {
      form.put("client_id", client.clientId());
      form.put("client_secret", secret.get());
    }
  }

  private void take(String text) {
    JsonNode answer = object(text, server);
    String given = answer.path("access_token").asText("");
    if (!given.matches("[\\x21-\\x7e]{1,8000}")
        || !answer.path("token_type").asText("bearer").equalsIgnoreCase("bearer")) {
      throw new Fault(Fault.Kind.REFUSED, "the answer to the request for a token has none");
    }
    token = given;
    long seconds = Math.clamp(answer.path("expires_in").asLong(3600), 60, 86_400);
    goodUntilMs = System.currentTimeMillis() + seconds * 1000 - SOON_MS;
  }

  private static JsonNode object(String text, URI from) {
    try {
      JsonNode node = HelmJson.read(text, JsonNode.class);
      if (node.isObject()) {
        return node;
      }
    } catch (RuntimeException e) {
      // Told below.
    }
    throw new Fault(Fault.Kind.REFUSED, from.getHost() + " answered with what is no JSON object");
  }

  private Socket socket(URI to) throws IOException {
    boolean secure = "https".equals(to.getScheme());
    int port = to.getPort() > 0 ? to.getPort() : secure ? 443 : 80;
    return dial.open(run, null, to.getHost(), port, secure);
  }

  private URI address(String text) {
    try {
      URI uri = URI.create(text);
      if (uri.getHost() != null
          && ("https".equals(uri.getScheme()) || uri.getScheme().equals(server.getScheme()))) {
        if (hostAllowed.test(uri.getHost())) {
          return uri;
        }
        throw new Fault(
            Fault.Kind.REFUSED,
            "it sends Helm to "
                + Plain.line(uri.getHost(), 200)
                + " for a token; if that is right, add the host to egress.allow");
      }
    } catch (IllegalArgumentException e) {
      // Told below.
    }
    throw new Fault(
        Fault.Kind.REFUSED, "it names an address that is none: " + Plain.line(text, 200));
  }

  private static Map<String, String> parameters(@Nullable String challenge) {
    Map<String, String> found = new LinkedHashMap<>();
    Matcher matcher = PARAMETER.matcher(challenge == null ? "" : challenge);
    while (matcher.find()) {
      found.putIfAbsent(
          matcher.group(1), matcher.group(2) == null ? matcher.group(3) : matcher.group(2));
    }
    return found;
  }

  private static String root(URI uri) {
    return uri.getScheme() + "://" + uri.getRawAuthority();
  }

  private static String coded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
