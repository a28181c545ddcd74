package dev.helm.service.notify;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.api.rest.ScheduleBodies;
import dev.helm.service.store.FireStore;
import dev.helm.workflows.HelmJson;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Has people told once of a fire that came to nothing. What is to be told stands in the store, so
 * that a restart loses none; one that was on its way then may be heard twice.
 */
public final class ScheduleNotices {
  private static final int AT_ONCE_MAX = 20;

  private final FireStore fires;
  private final @Nullable Webhook webhook;
  private final Set<Long> offered = new HashSet<>();

  /** With whom is told, null for nobody. */
  public ScheduleNotices(FireStore fires, @Nullable Webhook webhook) {
    this.fires = fires;
    this.webhook = webhook;
  }

  /** Tells what is new; to be called every few seconds. */
  public synchronized void look() {
    for (FireStore.Row row : fires.untold(AT_ONCE_MAX)) {
      long n = row.n();
      if (webhook == null) {
        fires.told(n, FireStore.Told.NOBODY);
      } else if (offered.add(n) && !webhook.offer(() -> body(row), failure -> heard(n, failure))) {
        offered.remove(n);
      }
    }
  }

  private void heard(long n, @Nullable String failure) {
    try {
      fires.told(n, failure == null ? FireStore.Told.SENT : FireStore.Told.FAILED);
    } finally {
      // Where that could not be written, people are told once more.
      forget(n);
    }
  }

  private synchronized void forget(long n) {
    offered.remove(n);
  }

  private static String body(FireStore.Row row) {
    ScheduleBodies.Fire fire = row.fire();
    String schedule = row.due().schedule();
    ObjectNode body = HelmJson.mapper().createObjectNode();
    body.put("id", "schedule-" + schedule + "-" + row.n());
    body.put("type", "schedule." + fire.outcome());
    body.put("schedule", schedule);
    body.put("scheduledAt", fire.scheduledAt());
    body.put("missed", fire.missed());
    if (fire.run() != null) {
      body.put("run", fire.run());
    }
    return body.toString();
  }
}
