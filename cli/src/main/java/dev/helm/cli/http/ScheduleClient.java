package dev.helm.cli.http;

import java.util.Map;

/** The part of the REST interface about runs that start by themselves. */
public final class ScheduleClient {
  private final Calls calls;

  ScheduleClient(Calls calls) {
    this.calls = calls;
  }

  /** All schedules. */
  public Reply all() {
    return calls.get("/api/schedules?limit=1000");
  }

  /** One with its last fires. */
  public Reply one(String id) {
    return calls.get(path(id));
  }

  /** Makes one. */
  public Reply create(Map<String, Object> body) {
    return calls.post("/api/schedules", body);
  }

  /** Changes one. */
  public Reply change(String id, Map<String, Object> change) {
    return calls.patch(path(id), change);
  }

  /** Fires one now. */
  public Reply trigger(String id) {
    return calls.post(path(id) + "/trigger", Map.of());
  }

  /** Removes one. */
  public Reply remove(String id) {
    return calls.delete(path(id));
  }

  private static String path(String id) {
    return "/api/schedules/" + Address.segment(id);
  }
}
