package dev.helm.cli.http;

import dev.helm.api.rest.PeopleBodies;
import dev.helm.cli.Env;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Who this terminal is. It takes HELM_TOKEN; else the token of an earlier {@code helm login}; else,
 * on the service's own machine, the token it got before or the owner's credentials. The owner's
 * password is only ever sent to a loopback address.
 */
public final class Session {
  private final Env env;
  private final Transport transport;
  private final Deque<Supplier<TokenFile.@Nullable Token>> sources = new ArrayDeque<>();
  private TokenFile.@Nullable Token token;

  /** A session that has not looked for its token yet. */
  public Session(Env env, Transport transport) {
    this.env = env;
    this.transport = transport;
    rewind();
  }

  /** The value of the Authorization header. */
  synchronized String authorization() {
    TokenFile.Token known = token != null ? token : next();
    if (known == null) {
      throw nobody();
    }
    token = known;
    return "Bearer " + known.value();
  }

  /** The service did not take the token: look further. False when nothing is left to try. */
  synchronized boolean refused(String authorization) {
    if (token != null && authorization.equals("Bearer " + token.value())) {
      token = next();
    }
    return token != null;
  }

  /** A long-lived command starts over, since a login may have happened meanwhile. */
  synchronized void rewind() {
    sources.clear();
    token = null;
    String given = env.get("HELM_TOKEN");
    if (!given.isEmpty()) {
      sources.add(() -> new TokenFile.Token(given, "", userOf(given)));
      return;
    }
    sources.add(() -> new TokenFile(env.tokenFile()).read(transport.url(), Instant.now()));
    if (transport.loopback()) {
      sources.add(() -> homeFile().read(transport.url(), Instant.now()));
      sources.add(this::ownerLogin);
    }
  }

  /** The name under which this session acts, or an empty text while that is unknown. */
  public synchronized String user() {
    return token == null ? "" : token.user();
  }

  /**
   * Logs in by name and password and keeps the token for later commands.
   *
   * @param device a name for this device, or an empty text
   */
  public PeopleBodies.LoginResponse login(String username, String password, String device) {
    PeopleBodies.LoginResponse response = send(new Credentials(username, password), device);
    keep(response);
    return response;
  }

  /** Keeps the token of a log-in for later commands. */
  public void keep(PeopleBodies.LoginResponse response) {
    new TokenFile(env.tokenFile()).write(transport.url(), tokenOf(response));
  }

  /** Forgets the kept tokens; true when there was one. */
  public boolean logout() {
    boolean mine = new TokenFile(env.tokenFile()).delete();
    boolean homes = transport.loopback() && homeFile().delete();
    return mine || homes;
  }

  private TokenFile.@Nullable Token next() {
    while (!sources.isEmpty()) {
      TokenFile.Token found = sources.removeFirst().get();
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private TokenFile.@Nullable Token ownerLogin() {
    Credentials owner = Credentials.ofFile(env.home().resolve("owner.credentials"));
    if (owner == null) {
      return null;
    }
    TokenFile.Token fresh = tokenOf(send(owner, ""));
    Path home = env.home();
    if (Files.isWritable(home)) {
      homeFile().write(transport.url(), fresh);
    }
    return fresh;
  }

  private TokenFile homeFile() {
    return new TokenFile(env.home().resolve("cli-token.json"));
  }

  private PeopleBodies.LoginResponse send(Credentials who, String device) {
    Map<String, Object> members = new HashMap<>();
    members.put("username", who.username());
    members.put("password", who.password());
    if (!device.isEmpty()) {
      members.put("device", device);
    }
    String body = Json.write(members);
    try {
      Reply reply =
          transport.send(
              "POST",
              "/api/auth/login",
              Map.of("Content-Type", "application/json", "Accept", "application/json"),
              body.getBytes(StandardCharsets.UTF_8));
      if (reply.status() == 401) {
        throw notLoggedIn("The service does not know this name with this password.");
      }
      if (reply.status() >= 400) {
        throw Problems.of(reply);
      }
      return reply.as(PeopleBodies.LoginResponse.class);
    } catch (IOException e) {
      throw transport.unreachable(e);
    }
  }

  private static TokenFile.Token tokenOf(PeopleBodies.LoginResponse response) {
    return new TokenFile.Token(response.token(), response.expiresAt(), response.user().name());
  }

  /** Where nothing listens, logging in would not help: that is told instead. */
  private Failure nobody() {
    try {
      transport.send("GET", "/api/health", Map.of(), null);
      return notLoggedIn("You are not logged in at " + transport.url() + ".");
    } catch (IOException e) {
      return transport.unreachable(e);
    }
  }

  private static Failure notLoggedIn(String what) {
    return new Failure(
        ExitCode.NOT_LOGGED_IN, what, "Log in with \"helm login\", or set HELM_TOKEN.");
  }

  /** The name in a JWT, to say "You" of one's own deeds; nothing is decided by it. */
  private static String userOf(String jwt) {
    String[] parts = jwt.split("\\.");
    try {
      Map<String, Object> claims =
          Json.object(new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8));
      Object name = claims.containsKey("name") ? claims.get("name") : claims.get("sub");
      return name instanceof String text ? text : "";
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      return "";
    }
  }
}
