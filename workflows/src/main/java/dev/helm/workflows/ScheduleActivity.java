package dev.helm.workflows;

import io.temporal.activity.ActivityInterface;

/** Starts what a schedule's fire is to start. */
@ActivityInterface
public interface ScheduleActivity {
  /**
   * Handles a fire; handled again, it changes nothing.
   *
   * @param scheduledMs the time that the fire stands for, in milliseconds since 1970
   */
  void fire(String schedule, long scheduledMs);
}
