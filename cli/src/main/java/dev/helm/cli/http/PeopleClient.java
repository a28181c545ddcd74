package dev.helm.cli.http;

import java.util.Map;

/** The part of the REST interface about people, their devices, service tokens and secrets. */
public final class PeopleClient {
  private final Calls calls;

  PeopleClient(Calls calls) {
    this.calls = calls;
  }

  /** Everybody who may log in. */
  public Reply users() {
    return calls.get("/api/users");
  }

  /** Lets somebody in; the answer has the one-time password. */
  public Reply createUser(String name, Map<String, Object> roles) {
    return calls.post("/api/users", Map.of("name", name, "roles", roles));
  }

  /** Changes {@code roles} or {@code disabled}. */
  public Reply changeUser(String id, Map<String, Object> change) {
    return calls.patch("/api/users/" + Address.segment(id), change);
  }

  /** Gives somebody a new one-time password. */
  public Reply resetPassword(String id) {
    return calls.post("/api/users/" + Address.segment(id) + "/password", Map.of());
  }

  /** Changes one's own password; the answer is a new log-in. */
  public Reply changePassword(String old, String fresh) {
    return calls.post("/api/auth/password", Map.of("password", old, "newPassword", fresh));
  }

  /** A person's devices, one's own for an empty id. */
  public Reply devices(String user) {
    return calls.get(
        "/api/devices" + (user.isEmpty() ? "" : "?" + Address.filter("user", user).substring(1)));
  }

  /** Takes a device out. */
  public Reply revokeDevice(String id) {
    return calls.delete("/api/devices/" + Address.segment(id));
  }

  /** The service tokens of one's projects. */
  public Reply tokens() {
    return calls.get("/api/tokens");
  }

  /** Makes a service token; the answer has its text. */
  public Reply createToken(Map<String, Object> body) {
    return calls.post("/api/tokens", body);
  }

  /** Takes a service token back. */
  public Reply revokeToken(String id) {
    return calls.delete("/api/tokens/" + Address.segment(id));
  }

  /** The secrets of one's projects, or of one; without values. */
  public Reply secrets(String project) {
    return calls.get(
        "/api/secrets" + (project.isEmpty() ? "" : "?project=" + Address.segment(project)));
  }

  /** Sets a secret. */
  public Reply setSecret(String project, String name, String value) {
    return calls.put(secret(project, name), Map.of("value", value));
  }

  /** Removes a secret. */
  public Reply removeSecret(String project, String name) {
    return calls.delete(secret(project, name));
  }

  private static String secret(String project, String name) {
    return "/api/secrets/" + Address.segment(project) + "/" + Address.segment(name);
  }
}
