package dev.helm.cli.http;

import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.PeopleBodies;
import dev.helm.cli.Env;
import java.io.IOException;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The service's REST interface. Every POST carries an idempotency key that stays the same over its
 * retries, so that a lost answer never means a second run or a second message.
 */
public final class HelmClient {
  private final Calls calls;

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
    return new HelmClient(new Calls(transport, new Session(env, transport), retryForMs));
  }

  private HelmClient(Calls calls) {
    this.calls = calls;
  }

  /** The same session, with patience for a restart of the service. */
  public HelmClient patient(long forMs) {
    return new HelmClient(calls.patient(forMs));
  }

  /** Who this is. */
  public Session session() {
    return calls.session();
  }

  /** The service's address. */
  public String url() {
    return calls.transport().url();
  }

  /** Whether the service is on this machine. */
  public boolean loopback() {
    return calls.transport().loopback();
  }

  /** What concerns people and what they log in with. */
  public PeopleClient people() {
    return new PeopleClient(calls);
  }

  /** What concerns schedules. */
  public ScheduleClient schedules() {
    return new ScheduleClient(calls);
  }

  // ---- calls -------------------------------------------------------------------------------

  /** {@code GET /api/status}. */
  public Reply status() {
    return calls.get("/api/status");
  }

  /** {@code GET /api/runs}; empty texts do not filter. */
  public Reply runs(String status, String blueprint, String words, int limit, String cursor) {
    return runs(
        Map.of("status", status, "blueprint", blueprint, "q", words, "cursor", cursor), limit);
  }

  /** {@code GET /api/runs} with filters by name; empty texts do not filter. */
  public Reply runs(Map<String, String> filters, int limit) {
    return calls.get("/api/runs?limit=" + limit + Address.filters(filters));
  }

  /** {@code GET /api/search}; empty texts do not filter. */
  public Reply search(String words, String run, String type, int limit) {
    return calls.get(
        "/api/search?limit="
            + limit
            + Address.filters(Map.of("q", words, "run", run, "type", type)));
  }

  /** {@code GET /api/audit} with filters by name; empty texts do not filter. */
  public Reply audit(Map<String, String> filters, int limit) {
    return calls.get("/api/audit?limit=" + limit + Address.filters(filters));
  }

  /** {@code GET /api/budgets}: every cap that one sees. */
  public Reply caps() {
    return calls.get("/api/budgets");
  }

  /** {@code GET /api/usage} of the day that it is for the service. */
  public Reply usageToday() {
    return calls.get("/api/usage?by=day&from=today");
  }

  /** One run by id or unambiguous prefix. */
  public Reply run(String id) {
    return calls.get("/api/runs/" + Address.segment(id));
  }

  /** A page of a run's log after a sequence number. */
  public Reply events(String id, long after, int limit) {
    return calls.get(
        "/api/runs/" + Address.segment(id) + "/events?after=" + after + "&limit=" + limit);
  }

  /**
   * Writes an export to a stream.
   *
   * @param id a run's, or {@code audit}
   * @throws IOException when it did not come whole
   */
  public void export(String id, OutputStream out) throws IOException {
    String path =
        id.equals("audit") ? "/api/audit/export" : "/api/runs/" + Address.segment(id) + "/export";
    calls.download(path, "application/zip, */*;q=0.1", out);
  }

  /** Starts a run. */
  public Reply start(Bodies.StartRun start) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("blueprint", start.blueprint());
    putIf(body, "input", start.input());
    putIf(body, "name", start.name());
    putIf(body, "prompt", start.prompt());
    putIf(body, "budgetUsd", start.budgetUsd() == null ? null : start.budgetUsd().toString());
    List<Bodies.StartFile> files = start.files();
    putIf(body, "files", files == null ? null : files.stream().map(HelmClient::file).toList());
    return calls.post("/api/runs", body);
  }

  private static Map<String, Object> file(Bodies.StartFile file) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("path", file.path());
    body.put("content", file.content());
    putIf(body, "executable", file.executable());
    return body;
  }

  /** Steers a run; {@code when} is {@code next} or {@code now}. */
  public Reply message(String run, String text, String when) {
    return calls.post(
        "/api/runs/" + Address.segment(run) + "/messages", Map.of("text", text, "when", when));
  }

  /** A run's messages with their read receipts. */
  public Reply messages(String run) {
    return calls.get("/api/runs/" + Address.segment(run) + "/messages");
  }

  /** Takes a message back that was not yet read. */
  public Reply cancelMessage(String run, String message) {
    String path = "/api/runs/" + Address.segment(run) + "/messages/" + Address.segment(message);
    return calls.delete(path);
  }

  /** The emergency stop. */
  public Reply stop() {
    return calls.post("/api/stop", Map.of());
  }

  /** {@code pause}, {@code resume} or {@code cancel}. */
  public Reply control(String run, String verb) {
    return calls.post("/api/runs/" + Address.segment(run) + "/" + verb, Map.of());
  }

  /** Raises a run's cap. */
  public Reply raise(String run, dev.helm.api.Usd add) {
    return calls.post(
        "/api/runs/" + Address.segment(run) + "/budget", Map.of("addUsd", add.toString()));
  }

  /** The caps that many runs share. */
  public Reply budgets() {
    return calls.get("/api/budgets");
  }

  /** Sets all caps of a scope; what is absent is removed. */
  public Reply setBudget(String scope, Map<String, Object> caps) {
    return calls.put("/api/budgets/" + Address.segment(scope), caps);
  }

  /** A page of what was spent; empty texts do not filter. */
  public Reply usage(String by, String from, String to, String cursor) {
    return calls.get(
        "/api/usage?limit=1000"
            + Address.filter("by", by)
            + Address.filter("from", from)
            + Address.filter("to", to)
            + Address.filter("cursor", cursor));
  }

  /** Everything that waits for a person. */
  public Reply inbox() {
    return calls.get("/api/inbox");
  }

  /** A permission's state. */
  public Reply permission(String id) {
    return calls.get("/api/permissions/" + Address.segment(id));
  }

  /** Decides a permission. The reply may be any status; the caller tells 409 and 410 in words. */
  public Reply decide(String id, DecisionBodies.Decide decide) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("decision", decide.decision());
    putIf(body, "argumentsHash", decide.argumentsHash());
    putIf(body, "arguments", decide.arguments());
    putIf(body, "reason", decide.reason());
    DecisionBodies.Remember remember = decide.remember();
    if (remember != null) {
      Map<String, Object> rule = new LinkedHashMap<>();
      rule.put("scope", remember.scope());
      rule.put("rule", remember.rule());
      putIf(rule, "expiresAt", remember.expiresAt());
      body.put("remember", rule);
    }
    return calls.ask("/api/permissions/" + Address.segment(id), body);
  }

  /** Remembered rules, newest first; empty texts for all. */
  public Reply rules(String run, String blueprint) {
    String query =
        (run.isEmpty() ? "" : "&run=" + Address.segment(run))
            + (blueprint.isEmpty() ? "" : "&blueprint=" + Address.segment(blueprint));
    return calls.get("/api/rules?limit=1000" + query);
  }

  /** Takes a remembered rule back. */
  public Reply revokeRule(String id) {
    return calls.delete("/api/rules/" + Address.segment(id));
  }

  /** Answers a question, or says what became of a call whose end nobody saw. */
  public Reply answer(String id, String answer) {
    return calls.post("/api/questions/" + Address.segment(id), Map.of("answer", answer));
  }

  /** A single-use token for the stream. */
  public PeopleBodies.TicketResponse streamTicket() {
    return calls
        .post("/api/auth/ticket", Map.of("for", "stream"))
        .as(PeopleBodies.TicketResponse.class);
  }

  /** The newest version of every blueprint. */
  public Reply blueprints() {
    return calls.get("/api/blueprints?limit=1000");
  }

  /** One blueprint. */
  public Reply blueprint(String name) {
    return calls.get("/api/blueprints/" + Address.segment(name));
  }

  /** One version as YAML. */
  public Reply blueprintSource(String name) {
    return calls.get("/api/blueprints/" + Address.segment(name) + "/source");
  }

  /** All versions of one. */
  public Reply blueprintVersions(String name) {
    return calls.get("/api/blueprints/" + Address.segment(name) + "/versions");
  }

  /** What differs between two versions; an empty second one is the newest. */
  public Reply blueprintDiff(String from, String to) {
    return calls.get(
        "/api/blueprints/" + Address.segment(from) + "/diff" + Address.query("to", to));
  }

  /** Stores a blueprint, or only checks it. The reply may be a problem with places. */
  public Reply putBlueprint(String name, byte[] source, String mediaType, boolean checkOnly) {
    String path = "/api/blueprints/" + (checkOnly ? "validate" : Address.segment(name));
    return calls.call(checkOnly ? "POST" : "PUT", path, mediaType, source);
  }

  // ---- files -------------------------------------------------------------------------------

  /** One of {@code files diff snapshots} of a run; {@code filters} go in pairs, empty ones not. */
  public Reply files(String run, String what, String... filters) {
    return calls.get("/api/runs/" + Address.segment(run) + "/" + what + Address.query(filters));
  }

  /** Writes a file's bytes, or a patch, as they are. */
  public void copy(String run, String what, String accept, OutputStream to, String... filters) {
    String path = "/api/runs/" + Address.segment(run) + "/" + what + Address.query(filters);
    try {
      calls.download(path, accept + ", application/problem+json;q=0.5", to);
    } catch (IOException e) {
      throw calls.transport().unreachable(e);
    }
  }

  /** Rolls back; a number as text means a step. */
  public Reply rollback(String run, String to, boolean preview, @Nullable String state) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("to", step(to));
    body.put("preview", preview);
    putIf(body, "state", state);
    return calls.post("/api/runs/" + Address.segment(run) + "/rollback", body);
  }

  /** Forks; empty texts are left out. */
  public Reply fork(String run, String at, String message, String blueprint) {
    Map<String, Object> body = new LinkedHashMap<>();
    putIf(body, "at", at.isEmpty() ? null : step(at));
    putIf(body, "message", message.isEmpty() ? null : message);
    putIf(body, "blueprint", blueprint.isEmpty() ? null : blueprint);
    return calls.post("/api/runs/" + Address.segment(run) + "/fork", body);
  }

  private static Object step(String name) {
    return name.matches("[0-9]{1,15}") ? (Object) Long.valueOf(name) : name;
  }

  private static void putIf(Map<String, Object> body, String name, @Nullable Object value) {
    if (value != null) {
      body.put(name, value);
    }
  }
}
