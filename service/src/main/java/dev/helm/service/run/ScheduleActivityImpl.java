package dev.helm.service.run;

import dev.helm.service.rest.ScheduleFires;
import dev.helm.workflows.ScheduleActivity;
import java.time.Instant;

/** Hands a fire that Temporal tells to what knows schedules. */
record ScheduleActivityImpl(ScheduleFires fires) implements ScheduleActivity {
  @Override
  public void fire(String schedule, long scheduledMs) {
    fires.due(schedule, Instant.ofEpochMilli(scheduledMs));
  }
}
