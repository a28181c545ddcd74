package dev.helm.service.rest;

import dev.helm.api.blueprint.Overlap;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.auth.ServiceTokenText;
import dev.helm.service.schedule.Calendar;
import dev.helm.service.store.Access;
import dev.helm.service.store.FireStore;
import dev.helm.service.store.Roles;
import dev.helm.service.store.RunEndedException;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.ScheduleStore;
import dev.helm.service.store.ServiceTokenStore;
import dev.helm.service.store.Store;
import dev.helm.service.store.Times;
import dev.helm.service.store.UserStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what a schedule's fire is to do: starts a run as if the schedule's owner had asked for it,
 * or says why none starts. Temporal tells when; what was fired before is read from the store.
 */
public final class ScheduleFires {
  private static final Logger LOG = LoggerFactory.getLogger(ScheduleFires.class);

  /** Beyond the catch-up: what is on its way at that moment may still come. */
  private static final Duration GRACE = Duration.ofSeconds(45);

  private final Store store;
  private final RunStarts starts;
  private final RunControl control;

  /** With what starts runs. */
  public ScheduleFires(Store store, RunStarts starts, RunControl control) {
    this.store = store;
    this.starts = starts;
    this.control = control;
  }

  /**
   * The calendar says that it is time.
   *
   * @throws RuntimeException when nothing could come of it now: to be tried again
   */
  public void due(String id, Instant scheduledAt) {
    ScheduleStore.Stored schedule = store.schedules().find(Access.system(), id);
    if (schedule == null) {
      return;
    }
    String time = Times.text(scheduledAt);
    FireStore.Row known =
        store.fires().find(new FireStore.Due(id, time, time, FireStore.SCHEDULE, 0, null, null));
    if (known != null) {
      go(known);
      return;
    }
    Calendar calendar = calendar(schedule);
    Instant now = store.clock().instant();
    Instant later = calendar.next(scheduledAt);
    boolean late = now.isAfter(scheduledAt.plusMillis(schedule.is().catchUpMs()));
    if (late || !calendar.isTime(scheduledAt) || later != null && !later.isAfter(now)) {
      // Another fire stands for it, or look() tells that it was missed.
      LOG.info("schedule {} does not fire for {}: it is over", id, time);
      return;
    }
    start(
        schedule,
        new FireStore.Due(
            id,
            time,
            time,
            FireStore.SCHEDULE,
            calendar.between(last(schedule), scheduledAt),
            null,
            null));
  }

  /** A person asks for a fire now; refused as a run would be. */
  FireStore.Row trigger(String id, RunStarts.Starter starter, String requestId) {
    ScheduleStore.Stored schedule = store.schedules().find(starter.access(), id);
    String now = Times.text(store.clock().instant());
    FireStore.Due due =
        new FireStore.Due(
            id,
            "trigger/" + requestId,
            now,
            FireStore.TRIGGER,
            0,
            starter.principal(),
            starter.name());
    FireStore.Row row =
        schedule == null ? null : store.fires().start(due, wanted(schedule, due, starter));
    if (row == null) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND, "there is no such schedule", "helm schedule list lists them");
    }
    go(row);
    return row;
  }

  /** Starts what has waited, and tells what was missed; to be called every few seconds. */
  public void look() {
    for (FireStore.Row row : store.fires().waiting()) {
      alone(row.due().schedule(), () -> waited(row));
    }
    for (ScheduleStore.Stored schedule : store.schedules().all()) {
      if (!schedule.paused()) {
        alone(schedule.id(), () -> missed(schedule));
      }
    }
  }

  /** One that fails does not hold up the others; it is looked at again. */
  private static void alone(String schedule, Runnable look) {
    try {
      look.run();
    } catch (RuntimeException e) {
      LOG.info("schedule {} could not be looked at: {}", schedule, e.toString());
    }
  }

  private void waited(FireStore.Row row) {
    ScheduleStore.Stored schedule = store.schedules().find(Access.system(), row.due().schedule());
    if (schedule != null && schedule.paused() && row.due().kind().equals(FireStore.SCHEDULE)) {
      store.fires().end(row.due(), FireStore.SKIPPED, "the schedule was paused");
    } else if (schedule != null && !stillOpen(schedule, row)) {
      start(schedule, row.due());
    }
  }

  private boolean stillOpen(ScheduleStore.Stored schedule, FireStore.Row row) {
    List<String> open = store.fires().openRuns(schedule.id());
    if (schedule.is().overlap() == Overlap.CANCEL_OTHER) {
      open.forEach(run -> cancel(schedule, run, row.n()));
    }
    return !open.isEmpty() && schedule.is().overlap() != Overlap.ALLOW_ALL;
  }

  private void cancel(ScheduleStore.Stored schedule, String run, long n) {
    try {
      control.cancel(run, "schedule " + schedule.id(), "fire-" + n);
    } catch (RunEndedException e) {
      LOG.debug("run {} has ended already", run);
    } catch (RuntimeException e) {
      LOG.info("run {} could not be cancelled yet: {}", run, e.toString());
    }
  }

  /** Nothing started in time: neither Temporal nor this service was there, or no run could. */
  private void missed(ScheduleStore.Stored schedule) {
    Calendar calendar = calendar(schedule);
    Instant over = store.clock().instant().minusMillis(schedule.is().catchUpMs()).minus(GRACE);
    Instant last = last(schedule);
    Instant newest = calendar.last(last, over);
    if (newest != null) {
      String time = Times.text(newest);
      store
          .fires()
          .end(
              new FireStore.Due(
                  schedule.id(),
                  time,
                  time,
                  FireStore.SCHEDULE,
                  calendar.between(last, newest),
                  null,
                  null),
              FireStore.MISSED,
              "nothing could start in time: Helm, Temporal or the container engine was away");
    }
  }

  private Instant last(ScheduleStore.Stored schedule) {
    Instant since = Instant.parse(schedule.since());
    String last = store.fires().lastTime(schedule.id());
    // A time at the very moment that the schedule was made counts.
    Instant from = since.minusMillis(1);
    return last == null || Instant.parse(last).isBefore(from) ? from : Instant.parse(last);
  }

  private static Calendar calendar(ScheduleStore.Stored schedule) {
    return Calendar.of(schedule.is().cron(), schedule.is().timeZone());
  }

  // ---- starting ----------------------------------------------------------------------------

  private void start(ScheduleStore.Stored schedule, FireStore.Due due) {
    RunStarts.Starter starter = starter(schedule, due);
    if (starter == null) {
      store
          .fires()
          .end(
              due,
              FireStore.REFUSED,
              Objects.requireNonNullElse(due.by(), schedule.is().by())
                  + ", whose runs these are, may no longer start any");
      return;
    }
    RunQueries.NewRun run;
    try {
      run = wanted(schedule, due, starter);
    } catch (ProblemException e) {
      if (e.code() == ErrorCode.READ_ONLY) {
        throw e;
      }
      String detail = e.problem().detail();
      store
          .fires()
          .end(due, FireStore.REFUSED, e.problem().title() + (detail == null ? "" : ": " + detail));
      return;
    }
    FireStore.Row row = store.fires().start(due, run);
    if (row != null) {
      go(row);
    }
  }

  private RunQueries.NewRun wanted(
      ScheduleStore.Stored schedule, FireStore.Due due, RunStarts.Starter starter) {
    starts.refuseReadOnly();
    ScheduleStore.Definition is = schedule.is();
    RunQueries.NewRun run = starts.wanted(starter, request(is), null);
    String project = run.blueprint().blueprint().project();
    if (!project.equals(is.project())) {
      throw ProblemException.of(
          ErrorCode.CONFLICT,
          "the blueprint " + is.blueprint() + " is in another project now",
          "make the schedule anew");
    }
    return run.by(is.id(), due.scheduledAt());
  }

  /** What a schedule asks for at each fire. */
  static Bodies.StartRun request(ScheduleStore.Definition is) {
    return new Bodies.StartRun(is.blueprint(), is.input(), null, is.prompt(), is.budgetUsd(), null);
  }

  /** Whose run it is, with the roles of today; null when there is nobody any more. */
  private RunStarts.@Nullable Starter starter(ScheduleStore.Stored schedule, FireStore.Due due) {
    String principal = Objects.requireNonNullElse(due.principal(), schedule.is().principal());
    UserStore.User user = store.users().byId(principal);
    if (user != null) {
      return user.disabled() ? null : new RunStarts.Starter(user.id(), user.name(), user.roles());
    }
    ServiceTokenStore.ServiceToken token = store.serviceTokens().find(principal);
    return token == null
        ? null
        : new RunStarts.Starter(
            token.id(),
            ServiceTokenText.NAME_PREFIX + token.name(),
            Roles.of(token.project(), token.role()));
  }

  /** Told again, it changes nothing. */
  private void go(FireStore.Row row) {
    String run = row.fire().run();
    if (run != null && row.is(FireStore.STARTED) && "queued".equals(row.fire().runStatus())) {
      control.start(run);
    } else if (row.is(FireStore.WAITING)) {
      ScheduleStore.Stored schedule = store.schedules().find(Access.system(), row.due().schedule());
      if (schedule != null) {
        boolean unused = stillOpen(schedule, row);
      }
    }
  }
}
