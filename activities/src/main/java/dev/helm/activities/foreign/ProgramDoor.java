package dev.helm.activities.foreign;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.sandbox.AgentDoor;
import dev.helm.activities.tools.RunTools;
import dev.helm.api.Secret;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Helm's MCP endpoint: streamable HTTP at {@code /mcp} behind the door {@code mcp} of a run's
 * container. It keeps no MCP sessions: whoever shows the token of the program's present life is the
 * program, over however many connections. A call holds its answer open, for hours if people are
 * asked, and writes a sign of life meanwhile.
 */
public final class ProgramDoor {
  /** Where a program finds it. */
  static final String URL = "http://127.0.0.1:3130/mcp";

  private static final long SIGN_OF_LIFE_S = 10;
  private static final String JSON = "application/json";

  private final Map<String, Client> clients = new ConcurrentHashMap<>();
  private final McpAnswers answers;
  private final long signOfLifeMs;

  /** With Helm's version. */
  public ProgramDoor(String version) {
    this(version, TimeUnit.SECONDS.toMillis(SIGN_OF_LIFE_S));
  }

  ProgramDoor(String version, long signOfLifeMs) {
    this.answers = new McpAnswers(version);
    this.signOfLifeMs = signOfLifeMs;
  }

  /** Whose requests are answered: the present life of a run's program. */
  record Client(
      SessionStart start,
      RunTools tools,
      Predicate<String> offers,
      Secret token,
      ProgramCalls calls) {}

  void open(Client client) {
    clients.put(client.start().run(), client);
  }

  void close(SessionStart start) {
    clients.computeIfPresent(start.run(), (_, client) -> client.start() == start ? null : client);
  }

  /** For the sandbox. */
  public AgentDoor door() {
    return new AgentDoor("mcp", this::serve);
  }

  void serve(String run, SocketChannel connection) {
    HttpWire wire = new HttpWire(connection);
    try {
      HttpWire.Request request = wire.read(headers -> known(run, headers));
      while (request != null && answered(run, wire, request) && request.keepAlive()) {
        request = wire.read(headers -> known(run, headers));
      }
    } catch (HttpWire.Bad e) {
      try {
        refuse(wire, e.status, String.valueOf(e.getMessage()), "Connection: close\r\n");
      } catch (IOException gone) {
        // Then nobody reads it.
      }
    } catch (IOException e) {
      // The program closed it.
    }
  }

  private boolean known(String run, Map<String, String> headers) {
    Client client = clients.get(run);
    return client != null && same(headers.getOrDefault("authorization", ""), client.token());
  }

  /** Whether the connection can go on. */
  private boolean answered(String run, HttpWire wire, HttpWire.Request request) throws IOException {
    Client client = clients.get(run);
    if (!request.path().equals("/mcp")) {
      return refuse(wire, 404, "Helm's tools are at " + URL, "");
    }
    if (client == null || !same(request.header("authorization"), client.token())) {
      return refuse(
          wire,
          401,
          "send Authorization: Bearer with the HELM_TOKEN of the program that runs now",
          "WWW-Authenticate: Bearer\r\n");
    }
    if (!request.method().equals("POST")) {
      return refuse(wire, 405, "Helm's tools are asked with POST", "Allow: POST\r\n");
    }
    String type = request.header("content-type");
    if (!type.isEmpty() && !type.toLowerCase(java.util.Locale.ROOT).startsWith(JSON)) {
      return refuse(wire, 415, "the body has to be " + JSON, "");
    }
    JsonNode message;
    try {
      message = HelmJson.mapper().readTree(request.body());
    } catch (JsonProcessingException e) {
      return json(
          wire,
          400,
          McpAnswers.error(null, -32700, "the body is no JSON: " + e.getOriginalMessage()));
    }
    McpAnswers.Reply reply = answers.to(client, message);
    return switch (reply) {
      case McpAnswers.Reply.Noted noted -> {
        wire.answer(202, "", "", new byte[0]);
        yield true;
      }
      case McpAnswers.Reply.Invalid invalid -> json(wire, 400, invalid.json());
      case McpAnswers.Reply.Now now -> json(wire, 200, now.json());
      case McpAnswers.Reply.Later later ->
          later(wire, later, client, request.header("accept").contains("text/event-stream"));
    };
  }

  private static boolean same(String authorization, Secret token) {
    return MessageDigest.isEqual(
        authorization.getBytes(StandardCharsets.UTF_8),
        ("Bearer " + token.reveal()).getBytes(StandardCharsets.UTF_8));
  }

  /** Waits for a call's answer, showing that it is alive. */
  private boolean later(HttpWire wire, McpAnswers.Reply.Later later, Client client, boolean stream)
      throws IOException {
    ProgramCall call = later.call();
    CompletableFuture<ProgramCall.Answer> caller = call.caller();
    CompletableFuture<Boolean> more = new CompletableFuture<>();
    Thread.ofVirtual()
        .name("agent-line")
        .start(
            () -> {
              boolean there = wire.awaitsMore();
              if (!there) {
                call.leave(caller);
              }
              more.complete(there);
            });
    boolean taken = false;
    try {
      wire.begin(stream ? "text/event-stream" : JSON);
      String answer = null;
      for (int beats = 1; answer == null; beats++) {
        answer = poll(caller, later);
        if (answer == null) {
          wire.piece(stream ? later.signOfLife(beats) : " ");
        }
      }
      // Who closes after this has read it, or could have.
      boolean there = more.getNow(true);
      wire.piece(stream ? "event: message\ndata: " + answer + "\n\n" : answer);
      wire.end();
      taken = there;
    } finally {
      if (!taken && call.leave(caller)) {
        client.calls().unread(call);
      }
    }
    return more.join();
  }

  private @Nullable String poll(
      CompletableFuture<ProgramCall.Answer> caller, McpAnswers.Reply.Later later) {
    try {
      return McpAnswers.result(later, caller.get(signOfLifeMs, TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      return null;
    } catch (ExecutionException e) {
      Throwable inner = e.getCause();
      return McpAnswers.error(
          later.id(), -32000, String.valueOf((inner == null ? e : inner).getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return McpAnswers.error(later.id(), -32000, "the service is stopping");
    }
  }

  private static boolean refuse(HttpWire wire, int status, String message, String extra)
      throws IOException {
    byte[] body = HelmJson.write(Map.of("error", message)).getBytes(StandardCharsets.UTF_8);
    wire.answer(status, JSON, extra, body);
    return true;
  }

  private static boolean json(HttpWire wire, int status, String body) throws IOException {
    wire.answer(status, JSON, "", body.getBytes(StandardCharsets.UTF_8));
    return true;
  }
}
