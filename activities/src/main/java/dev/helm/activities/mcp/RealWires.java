package dev.helm.activities.mcp;

import dev.helm.activities.egress.Dial;
import dev.helm.activities.sandbox.BoxSpec;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.activities.sandbox.SandboxException;
import dev.helm.activities.secret.Secrets;
import dev.helm.activities.store.Runs;
import dev.helm.api.Secret;
import dev.helm.api.blueprint.McpServer;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Programs in boxes of their own, and addresses that are dialled under Helm's own rules. */
final class RealWires {
  private final Boxes boxes;
  private final Programs programs;
  private final Dial dial;
  private final Secrets secrets;
  private final Function<String, @Nullable String> callOf;

  RealWires(
      Boxes boxes,
      Programs programs,
      Dial dial,
      Secrets secrets,
      Function<String, @Nullable String> callOf) {
    this.boxes = boxes;
    this.programs = programs;
    this.dial = dial;
    this.secrets = secrets;
    this.callOf = callOf;
  }

  /**
   * Starts or finds the server.
   *
   * @throws Fault with why it cannot be
   */
  Wire open(Runs.Info run, String name, McpServer server) {
    return server.overHttp() ? http(run, name, server) : program(run, name, server);
  }

  private Wire program(Runs.Info run, String name, McpServer server) {
    try {
      Programs.Program program = programs.of(run, server);
      Map<String, String> env = new HashMap<>(program.env());
      env.putAll(server.env());
      for (String secret : server.secrets()) {
        env.put(secret, secret(run, secret).get());
      }
      return new StreamWire(
          boxes.open(
              BoxSpec.own(run.run(), "mcp-" + name, program.argv())
                  .withImage(program.imageId())
                  .withEnv(env)
                  .withEgress(server.egress())));
    } catch (SandboxException | IllegalStateException e) {
      throw new Fault(Fault.Kind.NOT_SENT, "it could not be started: " + e.getMessage(), e);
    }
  }

  private Wire http(Runs.Info run, String name, McpServer server) {
    URI uri = URI.create(String.valueOf(server.url()));
    AtomicReference<@Nullable HttpWire> wire = new AtomicReference<>();
    HttpWire made =
        new HttpWire(
            run.run(),
            uri,
            dial,
            login(run, name, server, uri),
            request -> {
              HttpWire own = wire.get();
              String token = own == null ? null : own.tokenOf(request);
              return token == null ? null : callOf.apply(token);
            });
    wire.set(made);
    return made;
  }

  private HttpWire.Login login(Runs.Info run, String name, McpServer server, URI uri) {
    McpServer.Auth auth = server.auth();
    if (auth == null) {
      return new Bearer(null);
    }
    if (auth.bearer() != null) {
      return new Bearer(secret(run, auth.bearer()));
    }
    McpServer.OAuth oauth = auth.oauth();
    if (oauth == null) {
      return new Bearer(null);
    }
    return new ClientCredentials(
        run.run(),
        uri,
        dial,
        oauth,
        oauth.clientSecret() == null ? null : secret(run, oauth.clientSecret()),
        (token, untilMs) ->
            secrets.hide(run.blueprint().project(), "token of " + name, token, untilMs));
  }

  /** The value as it is when it is needed. */
  private Supplier<String> secret(Runs.Info run, String name) {
    String project = run.blueprint().project();
    return () -> {
      Secret value;
      try {
        value = secrets.get(project, name);
      } catch (Secrets.UnreadableException e) {
        throw new Fault(Fault.Kind.NOT_SENT, String.valueOf(e.getMessage()), e);
      }
      if (value == null) {
        throw new Fault(
            Fault.Kind.NOT_SENT,
            "secret " + name + " is not set in project " + project + ": helm secret set " + name);
      }
      return value.reveal();
    };
  }
}
