package dev.helm.activities.mcp;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.egress.Dial;
import dev.helm.api.Secret;
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
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * OAuth 2.1 with client credentials. The blueprint says who gives tokens, Helm asks there and
 * nowhere else; what the server says of it is only compared. A code from a browser is not possible,
 * as nobody sits at one while a run works.
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
  private final Keep keep;
  private @Nullable String token;
  private long goodUntilMs;

  /** Is told of each token before it is used, so that it is taken out of whatever is shown. */
  interface Keep {
    /** It is worth something until {@code untilMs}, milliseconds since 1970. */
    void token(Secret token, long untilMs);
  }

  /** For one server. */
  ClientCredentials(
      String run,
      URI server,
      Dial dial,
      McpServer.OAuth client,
      @Nullable Supplier<String> secret,
      Keep keep) {
    this.run = run;
    this.server = server;
    this.dial = dial;
    this.client = client;
    this.secret = secret;
    this.keep = keep;
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
    URI issuer = issuer();
    compare(resource.path("authorization_servers"));
    JsonNode about = authorizationServer(issuer);
    take(request(endpoint(about, issuer), about, scope(said, resource), named));
  }

  private URI issuer() {
    if (client.issuer() == null) {
      throw new Fault(
          Fault.Kind.REFUSED,
          "this version of the blueprint does not say who gives tokens: add auth.oauth.issuer, the"
              + " address of the authorization server, and apply it again");
    }
    return URI.create(client.issuer());
  }

  /** Attack: a server names an authorization server of its own and is given the client's secret. */
  private void compare(JsonNode servers) {
    boolean named = servers.isEmpty();
    for (JsonNode each : servers) {
      named |= same(each.asText());
    }
    if (!named) {
      throw new Fault(
          Fault.Kind.REFUSED,
          "it sends Helm to "
              + Plain.line(servers.path(0).asText(), 200)
              + " for a token, the blueprint's issuer is "
              + client.issuer()
              + "; nothing was sent there. If that is right, auth.oauth.issuer has to name it");
    }
  }

  private boolean same(String issuer) {
    return bare(issuer).equals(bare(String.valueOf(client.issuer())));
  }

  private static String bare(String issuer) {
    return issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
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
      URI place = address(metadata);
      if (!root(place).equals(root(server)) && !root(place).equals(root(issuer()))) {
        throw new Fault(
            Fault.Kind.REFUSED,
            "it sends Helm to "
                + Plain.line(metadata, 200)
                + ", which is neither its own place nor the issuer's");
      }
      places.add(place);
    }
    String path = path(server);
    places.add(address(root(server) + "/.well-known/oauth-protected-resource" + path));
    places.add(address(root(server) + "/.well-known/oauth-protected-resource"));
    JsonNode found = first(places);
    return found == null ? HelmJson.mapper().createObjectNode() : found;
  }

  /** What the issuer says of itself, at its own place. */
  private JsonNode authorizationServer(URI issuer) throws IOException {
    String root = root(issuer);
    String path = path(issuer);
    JsonNode about =
        first(
            List.of(
                address(root + "/.well-known/oauth-authorization-server" + path),
                address(root + "/.well-known/openid-configuration" + path),
                address(root + path + "/.well-known/openid-configuration")));
    if (about == null || !same(about.path("issuer").asText())) {
      throw new Fault(
          Fault.Kind.REFUSED,
          about == null
              ? "the issuer " + issuer + " does not say where it gives tokens (RFC 8414)"
              : "at " + issuer + " is another issuer: " + Plain.line(about.toString(), 200));
    }
    return about;
  }

  private URI endpoint(JsonNode about, URI issuer) {
    URI endpoint = address(about.path("token_endpoint").asText());
    if (!"https".equals(endpoint.getScheme())
        && !String.valueOf(issuer.getScheme()).equals(endpoint.getScheme())) {
      throw new Fault(Fault.Kind.REFUSED, "the issuer gives tokens without TLS");
    }
    return endpoint;
  }

  private @Nullable JsonNode first(List<URI> places) throws IOException {
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
    return null;
  }

  private static String path(URI uri) {
    return uri.getPath() == null ? "" : uri.getPath().replaceAll("/+$", "");
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
    if (!given.matches("[\\x21-\\x7e]{8,8000}")
        || !answer.path("token_type").asText("bearer").equalsIgnoreCase("bearer")) {
      throw new Fault(
          Fault.Kind.REFUSED,
          "the answer to the request for a token has none of 8 to 8000 characters");
    }
    long seconds = Math.clamp(answer.path("expires_in").asLong(3600), 60, 86_400);
    long nowMs = System.currentTimeMillis();
    keep.token(Secret.of(given), nowMs + seconds * 1000);
    goodUntilMs = nowMs + seconds * 1000 - SOON_MS;
    token = given;
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

  private static URI address(String text) {
    try {
      URI uri = URI.create(text);
      if (uri.getHost() != null
          && uri.getRawUserInfo() == null
          && ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // Told below.
    }
    throw new Fault(
        Fault.Kind.REFUSED, "an address that is none is named: " + Plain.line(text, 200));
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
