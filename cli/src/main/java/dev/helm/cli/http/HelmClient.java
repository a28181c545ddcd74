package dev.helm.cli.http;

import dev.helm.api.rest.Bodies;
import dev.helm.cli.Env;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The service's REST interface. Every POST carries an idempotency key that stays the same over its
 * retries, so that a lost answer never means a second run or a second message.
 */
public final class HelmClient {
  private static final int PAUSE_MS = 200;
  private static final int PAUSE_MS_MAX = 2_000;

  private final Transport transport;
  private final Session session;
  private final long retryForMs;

  /** A client that gives up at once when nothing listens. */
  public static HelmClient of(Env env) {
    return of(env, 0);
  }

  /**
   * A client that goes on trying while the service restarts.
   *
   * @param retryForMs how long, in milliseconds, counted for each request
   */
  public static HelmClient of(Env env, long retryForMs) {
    Transport transport = new Transport(env.url());
    return new HelmClient(transport, new Session(env, transport), retryForMs);
  }

  private HelmClient(Transport transport, Session session, long retryForMs) {
    this.transport = transport;
    this.session = session;
    this.retryForMs = retryForMs;
  }

  /** The same session, with patience for a restart of the service. */
  public HelmClient patient(long forMs) {
    return new HelmClient(transport, session, forMs);
  }

  /** Who this is. */
  public Session session() {
    return session;
  }

  /** The service's address. */
  public String url() {
    return transport.url();
  }

  /** Whether the service is on this machine. */
  public boolean loopback() {
    return transport.loopback();
  }

  // ---- calls -------------------------------------------------------------------------------

  /** {@code GET /api/status}. */
  public Reply status() {
    return get("/api/status");
  }

  /** {@code GET /api/runs}; empty texts do not filter. */
  public Reply runs(String status, String blueprint, String words, int limit, String cursor) {
    return runs(
        Map.of("status", status, "blueprint", blueprint, "q", words, "cursor", cursor), limit);
  }

  /** {@code GET /api/runs} with filters by name; empty texts do not filter. */
  public Reply runs(Map<String, String> filters, int limit) {
    return get("/api/runs?limit=" + limit + filters(filters));
  }

  /** {@code GET /api/search}; empty texts do not filter. */
  public Reply search(String words, String run, String type, int limit) {
    return get(
        "/api/search?limit=" + limit + filters(Map.of("q", words, "run", run, "type", type)));
  }

  /** {@code GET /api/budgets}: every cap that one sees. */
  public Reply caps() {
    return get("/api/budgets");
  }

  /** {@code GET /api/usage} of the day that it is for the service. */
  public Reply usageToday() {
    return get("/api/usage?by=day&from=today");
  }

  /** One run by id or unambiguous prefix. */
  public Reply run(String id) {
    return get("/api/runs/" + segment(id));
  }

  /** A page of a run's log after a sequence number. */
  public Reply events(String id, long after, int limit) {
    return get("/api/runs/" + segment(id) + "/events?after=" + after + "&limit=" + limit);
  }

  /**
   * Writes an export to a stream.
   *
   * @param id a run's, or {@code audit}
   * @throws IOException when it did not come whole
   */
  public void export(String id, OutputStream out) throws IOException {
    String path = id.equals("audit") ? "/api/audit/export" : "/api/runs/" + segment(id) + "/export";
    while (true) {
      String authorization = session.authorization();
      Reply refused =
          transport.download(
              path,
              Map.of("Authorization", authorization, "Accept", "application/zip, */*;q=0.1"),
              out);
      if (refused == null) {
        return;
      }
      if (refused.status() != 401 || !session.refused(authorization)) {
        throw Problems.of(refused);
      }
    }
  }

  /** Starts a run. */
  public Reply start(Bodies.StartRun start) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("blueprint", start.blueprint());
    putIf(body, "input", start.input());
    putIf(body, "name", start.name());
    putIf(body, "prompt", start.prompt());
    putIf(body, "budgetUsd", start.budgetUsd() == null ? null : start.budgetUsd().toString());
    return post("/api/runs", body);
  }

  /** Steers a run; {@code when} is {@code next} or {@code now}. */
  public Reply message(String run, String text, String when) {
    return post("/api/runs/" + segment(run) + "/messages", Map.of("text", text, "when", when));
  }

  /** A run's messages with their read receipts. */
  public Reply messages(String run) {
    return get("/api/runs/" + segment(run) + "/messages");
  }

  /** Takes a message back that was not yet read. */
  public Reply cancelMessage(String run, String message) {
    String path = "/api/runs/" + segment(run) + "/messages/" + segment(message);
    return good(call("DELETE", path, "", null));
  }

  /** The emergency stop. */
  public Reply stop() {
    return post("/api/stop", Map.of());
  }

  /** {@code pause}, {@code resume} or {@code cancel}. */
  public Reply control(String run, String verb) {
    return post("/api/runs/" + segment(run) + "/" + verb, Map.of());
  }

  /** Raises a run's cap. */
  public Reply raise(String run, dev.helm.api.Usd add) {
    return post("/api/runs/" + segment(run) + "/budget", Map.of("addUsd", add.toString()));
  }

  /** The caps that many runs share. */
  public Reply budgets() {
    return get("/api/budgets");
  }

  /** Sets all caps of a scope; what is absent is removed. */
  public Reply setBudget(String scope, Map<String, Object> caps) {
    return good(call("PUT", "/api/budgets/" + segment(scope), "application/json", bytes(caps)));
  }

  /** A page of what was spent; empty texts do not filter. */
  public Reply usage(String by, String from, String to, String cursor) {
    return get(
        "/api/usage?limit=1000"
            + filter("by", by)
            + filter("from", from)
            + filter("to", to)
            + filter("cursor", cursor));
  }

  /** Everything that waits for a person. */
  public Reply inbox() {
    return get("/api/inbox");
  }

  /** A permission's state. */
  public Reply permission(String id) {
    return get("/api/permissions/" + segment(id));
  }

  /** Decides a permission. The reply may be any status; the caller tells 409 and 410 in words. */
  public Reply decide(String id, Bodies.Decide decide) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("decision", decide.decision());
    putIf(body, "argumentsHash", decide.argumentsHash());
    putIf(body, "arguments", decide.arguments());
    putIf(body, "reason", decide.reason());
    Bodies.Remember remember = decide.remember();
    if (remember != null) {
      Map<String, Object> rule = new LinkedHashMap<>();
      rule.put("scope", remember.scope());
      rule.put("rule", remember.rule());
      putIf(rule, "expiresAt", remember.expiresAt());
      body.put("remember", rule);
    }
    return call("POST", "/api/permissions/" + segment(id), "application/json", bytes(body));
  }

  /** Remembered rules, newest first; empty texts for all. */
  public Reply rules(String run, String blueprint) {
    String query =
        (run.isEmpty() ? "" : "&run=" + segment(run))
            + (blueprint.isEmpty() ? "" : "&blueprint=" + segment(blueprint));
    return get("/api/rules?limit=1000" + query);
  }

  /** Takes a remembered rule back. */
  public Reply revokeRule(String id) {
    return good(call("DELETE", "/api/rules/" + segment(id), "", null));
  }

  /** Answers a question, or says what became of a call whose end nobody saw. */
  public Reply answer(String id, String answer) {
    return post("/api/questions/" + segment(id), Map.of("answer", answer));
  }

  /** A single-use token for the stream. */
  public Bodies.TicketResponse streamTicket() {
    return post("/api/auth/ticket", Map.of("for", "stream")).as(Bodies.TicketResponse.class);
  }

  /** The newest version of every blueprint. */
  public Reply blueprints() {
    return get("/api/blueprints?limit=1000");
  }

  /** One blueprint. */
  public Reply blueprint(String name) {
    return get("/api/blueprints/" + segment(name));
  }

  /** Stores a blueprint, or only checks it. The reply may be a problem with places. */
  public Reply putBlueprint(String name, byte[] source, String mediaType, boolean checkOnly) {
    String path = "/api/blueprints/" + (checkOnly ? "validate" : segment(name));
    return call(checkOnly ? "POST" : "PUT", path, mediaType, source);
  }

  // ---- people ------------------------------------------------------------------------------

  /** Everybody who may log in. */
  public Reply users() {
    return get("/api/users");
  }

  /** Lets somebody in; the answer has the one-time password. */
  public Reply createUser(String name, Map<String, Object> roles) {
    return post("/api/users", Map.of("name", name, "roles", roles));
  }

  /** Changes {@code roles} or {@code disabled}. */
  public Reply changeUser(String id, Map<String, Object> change) {
    return good(call("PATCH", "/api/users/" + segment(id), "application/json", bytes(change)));
  }

  /** Gives somebody a new one-time password. */
  public Reply resetPassword(String id) {
    return post("/api/users/" + segment(id) + "/password", Map.of());
  }

  /** Changes one's own password; the answer is a new log-in. */
  public Reply changePassword(String old, String fresh) {
    return post("/api/auth/password", Map.of("password", old, "newPassword", fresh));
  }

  /** A person's devices, one's own for an empty id. */
  public Reply devices(String user) {
    return get("/api/devices" + (user.isEmpty() ? "" : "?" + filter("user", user).substring(1)));
  }

  /** Takes a device out. */
  public Reply revokeDevice(String id) {
    return good(call("DELETE", "/api/devices/" + segment(id), "", null));
  }

  /** The service tokens of one's projects. */
  public Reply tokens() {
    return get("/api/tokens");
  }

  /** Makes a service token; the answer has its text. */
  public Reply createToken(Map<String, Object> body) {
    return post("/api/tokens", body);
  }

  /** Takes a service token back. */
  public Reply revokeToken(String id) {
    return good(call("DELETE", "/api/tokens/" + segment(id), "", null));
  }

  // ---- secrets -----------------------------------------------------------------------------

  /** The secrets of one's projects, or of one; without values. */
  public Reply secrets(String project) {
    return get("/api/secrets" + query("project", project));
  }

  /** Sets a secret. */
  public Reply setSecret(String project, String name, String value) {
    return good(
        call("PUT", secret(project, name), "application/json", bytes(Map.of("value", value))));
  }

  /** Removes a secret. */
  public Reply removeSecret(String project, String name) {
    return good(call("DELETE", secret(project, name), "", null));
  }

  private static String secret(String project, String name) {
    return "/api/secrets/" + segment(project) + "/" + segment(name);
  }

  // ---- files -------------------------------------------------------------------------------

  /** One of {@code files diff snapshots} of a run; {@code filters} go in pairs, empty ones not. */
  public Reply files(String run, String what, String... filters) {
    return get("/api/runs/" + segment(run) + "/" + what + query(filters));
  }

  /** Writes a file's bytes, or a patch, as they are. */
  public void copy(String run, String what, String accept, OutputStream to, String... filters) {
    String path = "/api/runs/" + segment(run) + "/" + what + query(filters);
    try {
      while (true) {
        String authorization = session.authorization();
        Reply refused =
            transport.download(
                path,
                Map.of(
                    "Authorization",
                    authorization,
                    "Accept",
                    accept + ", application/problem+json;q=0.5"),
                to);
        if (refused == null) {
          return;
        }
        if (refused.status() != 401 || !session.refused(authorization)) {
          throw Problems.of(refused);
        }
      }
    } catch (IOException e) {
      throw transport.unreachable(e);
    }
  }

  /** Rolls back; a number as text means a step. */
  public Reply rollback(String run, String to, boolean preview) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("to", step(to));
    body.put("preview", preview);
    return post("/api/runs/" + segment(run) + "/rollback", body);
  }

  /** Forks; empty texts are left out. */
  public Reply fork(String run, String at, String message, String blueprint) {
    Map<String, Object> body = new LinkedHashMap<>();
    putIf(body, "at", at.isEmpty() ? null : step(at));
    putIf(body, "message", message.isEmpty() ? null : message);
    putIf(body, "blueprint", blueprint.isEmpty() ? null : blueprint);
    return post("/api/runs/" + segment(run) + "/fork", body);
  }

  private static Object step(String name) {
    return name.matches("[0-9]{1,15}") ? (Object) Long.valueOf(name) : name;
  }

  private static String query(String... filters) {
    StringBuilder query = new StringBuilder();
    for (int i = 0; i + 1 < filters.length; i += 2) {
      query.append(filter(filters[i], filters[i + 1]));
    }
    return query.isEmpty() ? "" : "?" + query.substring(1);
  }

  // ---- plumbing ----------------------------------------------------------------------------

  private Reply get(String path) {
    return good(call("GET", path, "", null));
  }

  private Reply post(String path, Map<String, Object> body) {
    return good(call("POST", path, "application/json", bytes(body)));
  }

  private static Reply good(Reply reply) {
    if (reply.status() >= 400) {
      throw Problems.of(reply);
    }
    return reply;
  }

  private Reply call(String method, String path, String mediaType, byte @Nullable [] body) {
    // Random numbers are slow to get at first, and a question needs none.
    String key = body == null ? "" : UUID.randomUUID().toString();
    long deadline = System.nanoTime() + retryForMs * 1_000_000;
    for (int attempt = 0; ; attempt++) {
      try {
        Reply reply = authorized(method, path, mediaType, body, key);
        boolean worthAnother =
            reply.status() == 502 || reply.status() == 503 || reply.status() == 504;
        if (!worthAnother || !pause(attempt, deadline)) {
          return reply;
        }
      } catch (IOException e) {
        // Refused means nobody is there; anything else means the answer was lost on its way.
        long until =
            e instanceof ConnectException ? deadline : Math.max(deadline, minimum(attempt));
        if (!pause(attempt, until)) {
          throw transport.unreachable(e);
        }
      }
    }
  }

  /** A lost answer is asked for again twice even by an impatient client: its key makes it safe. */
  private static long minimum(int attempt) {
    return attempt < 2 ? System.nanoTime() + PAUSE_MS_MAX * 1_000_000L : 0;
  }

  private Reply authorized(
      String method, String path, String mediaType, byte @Nullable [] body, String key)
      throws IOException {
    while (true) {
      String authorization = session.authorization();
      Map<String, String> headers = new LinkedHashMap<>();
      headers.put("Authorization", authorization);
      headers.put("Accept", "application/json, application/problem+json");
      if (body != null) {
        headers.put("Content-Type", mediaType);
        headers.put("Idempotency-Key", key);
      }
      Reply reply = transport.send(method, path, headers, body);
      if (reply.status() != 401 || !session.refused(authorization)) {
        return reply;
      }
    }
  }

  private static boolean pause(int attempt, long deadlineNanos) {
    long ms = Math.min(PAUSE_MS_MAX, (long) PAUSE_MS << Math.min(attempt, 6));
    if (System.nanoTime() + ms * 1_000_000 > deadlineNanos) {
      return false;
    }
    try {
      Thread.sleep(ms);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Failure(ExitCode.FAILED, "Interrupted.", "", "", e);
    }
  }

  private static byte[] bytes(Map<String, Object> body) {
    return Json.write(body).getBytes(StandardCharsets.UTF_8);
  }

  private static void putIf(Map<String, Object> body, String name, @Nullable Object value) {
    if (value != null) {
      body.put(name, value);
    }
  }

  private static String filters(Map<String, String> filters) {
    StringBuilder query = new StringBuilder();
    new TreeMap<>(filters).forEach((name, value) -> query.append(filter(name, value)));
    return query.toString();
  }

  private static String filter(String name, String value) {
    return value.isEmpty()
        ? ""
        : "&" + name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
  }

  /** What a person typed, as one segment of a path: it can never name another path. */
  private static String segment(String text) {
    if (text.isEmpty() || text.equals(".") || text.equals("..")) {
      throw Failure.usage("\"" + text + "\" is no id or name.", "\"helm runs\" lists the runs.");
    }
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
