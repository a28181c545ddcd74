package dev.helm.workflows;

import io.temporal.activity.ActivityOptions;
import io.temporal.common.RetryOptions;
import io.temporal.common.SearchAttributeKey;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.time.OffsetDateTime;

/** One activity, tried until it has said what came of the fire: it knows itself how long it may. */
public final class ScheduledStartImpl implements ScheduledStart {
  /** Temporal's own: the time of the schedule's calendar, however late the start is. */
  private static final SearchAttributeKey<OffsetDateTime> SCHEDULED =
      SearchAttributeKey.forOffsetDateTime("TemporalScheduledStartTime");

  private final ScheduleActivity activity =
      Workflow.newActivityStub(
          ScheduleActivity.class,
          ActivityOptions.newBuilder()
              .setStartToCloseTimeout(Duration.ofSeconds(30))
              .setRetryOptions(
                  RetryOptions.newBuilder()
                      .setInitialInterval(Duration.ofSeconds(1))
                      .setMaximumInterval(Duration.ofSeconds(10))
                      .build())
              .build());

  @Override
  public void fire(String schedule) {
    OffsetDateTime scheduled = Workflow.getTypedSearchAttributes().get(SCHEDULED);
    long ms =
        scheduled == null ? Workflow.currentTimeMillis() : scheduled.toInstant().toEpochMilli();
    activity.fire(schedule, ms);
  }
}
