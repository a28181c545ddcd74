package dev.helm.api.blueprint;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A server of the Model Context Protocol whose tools a run has as {@code mcp__server__tool}. One of
 * {@code recipe}, {@code command} and {@code url} says how it is reached.
 *
 * @param recipe {@code npm:NAME@VERSION} or {@code pypi:NAME@VERSION}: a program from a registry,
 *     run in a container of its own; in JSON {@code package}
 * @param command a program of {@code image} and its arguments, run in a container of its own
 * @param image where {@code command} is found; null for the run's own
 * @param url the address of a server that speaks streamable HTTP
 * @param args more arguments of the program
 * @param env plain text for the program's environment
 * @param secrets names of secrets that stand in the program's environment, and only there
 * @param auth how Helm proves itself to {@code url}, null for not at all
 * @param egress hosts that the program may reach: exact names, or {@code *.suffix}
 * @param timeoutMs longest time of one call
 * @param tools the server's own names of the tools that are taken; empty for all
 * @param reads those of them that only read, as the blueprint's author vouches
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record McpServer(
    @JsonProperty("package") @Nullable String recipe,
    List<String> command,
    @Nullable String image,
    @Nullable String url,
    List<String> args,
    Map<String, String> env,
    List<String> secrets,
    @Nullable Auth auth,
    List<String> egress,
    long timeoutMs,
    List<String> tools,
    List<String> reads) {
  public McpServer {
    command = Kept.list(command);
    args = Kept.list(args);
    env = Kept.map(env);
    secrets = Kept.list(secrets);
    egress = Kept.list(egress);
    tools = Kept.list(tools);
    reads = Kept.list(reads);
    int ways = (recipe == null ? 0 : 1) + (command.isEmpty() ? 0 : 1) + (url == null ? 0 : 1);
    if (ways != 1) {
      throw new IllegalArgumentException("a server has one of package, command and url");
    }
  }

  /** Whether it is reached over HTTP; else it is a program that speaks on stdin and stdout. */
  public boolean overHttp() {
    return url != null;
  }

  /**
   * Whether a call of this tool may act on the world outside: the server has a way out, and nobody
   * vouches that the tool only reads. What the server itself says of its tools is not believed.
   */
  public boolean outward(String tool) {
    return (overHttp() || !egress.isEmpty()) && !reads.contains(tool);
  }

  /** The host of {@code url} in lower case; null for a program. */
  public @Nullable String host() {
    if (url == null) {
      return null;
    }
    try {
      String host = URI.create(url).getHost();
      return host == null ? null : host.toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Every secret that it is given, in whatever way. */
  public List<String> allSecrets() {
    if (auth == null) {
      return secrets;
    }
    List<String> all = new ArrayList<>(secrets);
    if (auth.bearer() != null) {
      all.add(auth.bearer());
    }
    if (auth.oauth() != null && auth.oauth().clientSecret() != null) {
      all.add(auth.oauth().clientSecret());
    }
    return List.copyOf(all);
  }

  /**
   * How Helm proves itself: one of the two.
   *
   * @param bearer the secret that is sent as a bearer token
   * @param oauth a client of the authorization server that the blueprint names
   */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record Auth(@Nullable String bearer, @Nullable OAuth oauth) {
    public Auth {
      if ((bearer == null) == (oauth == null)) {
        throw new IllegalArgumentException("auth has one of bearer and oauth");
      }
    }
  }

  /**
   * An OAuth client.
   *
   * @param issuer who alone is given the client's secret; null only in versions that were stored
   *     before it had to be named
   * @param clientSecret the secret's name; null for a public client
   */
  @JsonInclude(JsonInclude.Include.NON_EMPTY)
  public record OAuth(
      @Nullable String issuer,
      String clientId,
      @Nullable String clientSecret,
      List<String> scopes) {
    public OAuth {
      scopes = Kept.list(scopes);
    }
  }
}
