package dev.helm.service.run;

import dev.helm.api.Sha256;
import dev.helm.service.schedule.Calendar;
import dev.helm.service.schedule.Cron;
import dev.helm.service.store.ScheduleStore;
import dev.helm.workflows.AgentRunWorkflow;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ScheduledStart;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.temporal.api.enums.v1.ScheduleOverlapPolicy;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.schedules.Schedule;
import io.temporal.client.schedules.ScheduleActionStartWorkflow;
import io.temporal.client.schedules.ScheduleAlreadyRunningException;
import io.temporal.client.schedules.ScheduleCalendarSpec;
import io.temporal.client.schedules.ScheduleClient;
import io.temporal.client.schedules.ScheduleClientOptions;
import io.temporal.client.schedules.ScheduleException;
import io.temporal.client.schedules.ScheduleListDescription;
import io.temporal.client.schedules.ScheduleOptions;
import io.temporal.client.schedules.SchedulePolicy;
import io.temporal.client.schedules.ScheduleRange;
import io.temporal.client.schedules.ScheduleSpec;
import io.temporal.client.schedules.ScheduleState;
import io.temporal.client.schedules.ScheduleUpdate;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.time.Duration;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has Temporal's schedules be what the table says: made, changed and taken away. Its list lags, so
 * each step is one that may be made twice.
 */
final class TemporalSchedules {
  /** What Helm's schedules are called in Temporal. */
  static final String PREFIX = "helm-schedule-";

  private static final Logger LOG = LoggerFactory.getLogger(TemporalSchedules.class);
  private static final long ALL_AGAIN_MS = 30_000;

  private final ScheduleClient client;
  private final ScheduleStore schedules;

  private final ReentrantLock looking = new ReentrantLock();

  /** What this life has made, by name: the form that Temporal has. */
  private final Map<String, String> made = new HashMap<>();

  /** Why the last try failed, by name. */
  private final Map<String, String> failed = new HashMap<>();

  private long allAtNs = System.nanoTime() - ALL_AGAIN_MS * 1_000_000;

  TemporalSchedules(WorkflowServiceStubs stubs, String identity, ScheduleStore schedules) {
    this.client =
        ScheduleClient.newInstance(
            stubs,
            ScheduleClientOptions.newBuilder()
                .setNamespace(TemporalConnection.NAMESPACE)
                .setIdentity(identity)
                .setDataConverter(HelmJson.dataConverter())
                .build());
    this.schedules = schedules;
  }

  /** Makes the difference, unless somebody is at it; the next look makes what this one leaves. */
  void look() {
    if (looking.tryLock()) {
      try {
        makeTheDifference();
      } finally {
        looking.unlock();
      }
    }
  }

  /** Every half minute it asks Temporal what is there. */
  private void makeTheDifference() {
    Map<String, ScheduleStore.Stored> wanted = new LinkedHashMap<>();
    schedules.all().forEach(schedule -> wanted.put(PREFIX + schedule.id(), schedule));
    boolean all = System.nanoTime() - allAtNs > ALL_AGAIN_MS * 1_000_000;
    if (all) {
      made.clear();
      listed().forEach(made::put);
      allAtNs = System.nanoTime();
    }
    for (String id : List.copyOf(made.keySet())) {
      if (!wanted.containsKey(id)) {
        alone(
            id,
            () -> {
              remove(id);
              made.remove(id);
            });
      }
    }
    failed.keySet().removeIf(id -> !wanted.containsKey(id) && !made.containsKey(id));
    wanted.forEach(
        (id, schedule) -> {
          String form = form(schedule);
          if (!form.equals(made.get(id))) {
            alone(
                id,
                () -> {
                  make(id, schedule, form);
                  made.put(id, form);
                });
          }
        });
  }

  /** One that cannot be made does not hold up the others; it is tried again, and told once. */
  private void alone(String id, Runnable step) {
    try {
      step.run();
      failed.remove(id);
    } catch (RuntimeException e) {
      if (away(e)) {
        throw e;
      }
      Throwable cause = e.getCause() == null ? e : e.getCause();
      String why = cause.toString();
      if (!why.equals(failed.put(id, why))) {
        LOG.warn("{} cannot be made or removed in Temporal: {}", id, why);
      }
    }
  }

  /** Whether Temporal does not answer at all: then the others would fail as well, and slowly. */
  private static boolean away(RuntimeException e) {
    Throwable cause = e instanceof StatusRuntimeException ? e : e.getCause();
    return cause instanceof StatusRuntimeException answer
        && (answer.getStatus().getCode() == Status.Code.UNAVAILABLE
            || answer.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED);
  }

  private Map<String, String> listed() {
    Map<String, String> found = new HashMap<>();
    client
        .listSchedules()
        .filter(each -> each.getScheduleId().startsWith(PREFIX))
        .forEach(each -> found.put(each.getScheduleId(), note(each)));
    return found;
  }

  private static String note(ScheduleListDescription each) {
    String note = each.getSchedule().getState().getNote();
    return note == null ? "" : note;
  }

  /** All of a schedule that Temporal has to know, in one word. */
  private static String form(ScheduleStore.Stored s) {
    return Sha256.hex(
            HelmJson.write(
                List.of(
                    s.id(),
                    s.createdAt(),
                    s.is().cron(),
                    s.is().timeZone(),
                    s.is().catchUpMs(),
                    s.paused())))
        .substring(0, 32);
  }

  private void make(String id, ScheduleStore.Stored schedule, String form) {
    Schedule wanted = wanted(id, schedule, form);
    try {
      client.createSchedule(id, wanted, ScheduleOptions.newBuilder().build());
    } catch (ScheduleAlreadyRunningException e) {
      client.getHandle(id).update(_ -> new ScheduleUpdate(wanted));
    }
    LOG.info("schedule {} is {} in Temporal", schedule.id(), schedule.paused() ? "paused" : "on");
  }

  private void remove(String id) {
    try {
      client.getHandle(id).delete();
      LOG.info("{} was taken out of Temporal", id);
    } catch (ScheduleException e) {
      if (!notFound(e)) {
        throw e;
      }
    }
  }

  private static boolean notFound(Throwable e) {
    Throwable cause = e.getCause();
    return cause instanceof StatusRuntimeException answer
        && answer.getStatus().getCode() == Status.Code.NOT_FOUND;
  }

  /** Overlap is a matter of runs, not of what Temporal starts, which is over in a moment. */
  private static Schedule wanted(String id, ScheduleStore.Stored schedule, String form) {
    return Schedule.newBuilder()
        .setAction(
            ScheduleActionStartWorkflow.newBuilder()
                .setWorkflowType(ScheduledStart.class)
                .setArguments(schedule.id())
                .setOptions(
                    WorkflowOptions.newBuilder()
                        .setWorkflowId(id)
                        .setTaskQueue(AgentRunWorkflow.TASK_QUEUE)
                        .build())
                .build())
        .setSpec(spec(Calendar.of(schedule.is().cron(), schedule.is().timeZone())))
        .setPolicy(
            SchedulePolicy.newBuilder()
                .setOverlap(ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL)
                .setCatchupWindow(Duration.ofMillis(schedule.is().catchUpMs()))
                .build())
        .setState(ScheduleState.newBuilder().setPaused(schedule.paused()).setNote(form).build())
        .build();
  }

  private static ScheduleSpec spec(Calendar calendar) {
    Cron cron = calendar.cron();
    return ScheduleSpec.newBuilder()
        .setCalendars(
            List.of(
                ScheduleCalendarSpec.newBuilder()
                    .setSeconds(List.of(new ScheduleRange(0)))
                    .setMinutes(ranges(cron.minutes()))
                    .setHour(ranges(cron.hours()))
                    .setDayOfMonth(ranges(cron.days()))
                    .setMonth(ranges(cron.months()))
                    .setDayOfWeek(ranges(cron.weekdays()))
                    .build()))
        .setTimeZoneName(calendar.zone().getId())
        .build();
  }

  private static List<ScheduleRange> ranges(BitSet set) {
    return set.stream().mapToObj(number -> new ScheduleRange(number, number)).toList();
  }
}
