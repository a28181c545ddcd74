package dev.helm.service.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.blueprint.Overlap;
import dev.helm.service.schedule.Calendar;
import dev.helm.service.store.ScheduleStore;
import dev.helm.service.store.Store;
import dev.helm.workflows.ScheduleActivity;
import io.temporal.api.enums.v1.ScheduleOverlapPolicy;
import io.temporal.client.schedules.ScheduleBackfill;
import io.temporal.client.schedules.ScheduleClient;
import io.temporal.client.schedules.ScheduleDescription;
import io.temporal.client.schedules.ScheduleException;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.worker.WorkerFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Temporal's schedules are what the table says, and fire at the times that Helm shows. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class TemporalSchedulesTest {
  private static final String ID = TemporalSchedules.PREFIX + "weekly";

  @TempDir Path home;
  private final BlockingQueue<String> fired = new LinkedBlockingQueue<>();
  private Store store;
  private TemporalServer temporal;
  private WorkflowServiceStubs stubs;
  private TemporalSchedules schedules;
  private ScheduleClient client;
  private @Nullable WorkerFactory workers;

  /** Notes what it is told; a class of its own, since Temporal looks at what it implements. */
  private record Recorder(BlockingQueue<String> fired) implements ScheduleActivity {
    @Override
    public void fire(String schedule, long scheduledMs) {
      fired.add(schedule + " " + Instant.ofEpochMilli(scheduledMs));
    }
  }

  @BeforeEach
  void up() throws Exception {
    store = Store.open(home, Clock.systemUTC());
    connect(home);
  }

  private void connect(Path folder) throws Exception {
    temporal = TemporalServer.start(folder);
    stubs = TemporalConnection.stubs(temporal.address());
    schedules = new TemporalSchedules(stubs, "test", store.schedules());
    client = ScheduleClient.newInstance(stubs);
  }

  private void disconnect() throws Exception {
    if (workers != null) {
      workers.shutdownNow();
    }
    if (stubs != null) {
      stubs.shutdownNow();
      temporal.close();
    }
  }

  @AfterEach
  void down() throws Exception {
    disconnect();
    store.close();
  }

  private void put(String cron) {
    put(cron, "Europe/Berlin");
  }

  private void put(String cron, String zone) {
    put("weekly", cron, zone);
  }

  private void put(String id, String cron, String zone) {
    store
        .schedules()
        .put(
            new ScheduleStore.Definition(
                id,
                "default",
                "weekly",
                cron,
                zone,
                Overlap.SKIP,
                3_600_000,
                Map.of(),
                null,
                null,
                false,
                "u1",
                "ann"),
            true);
    schedules.look();
  }

  @Test
  void oneThatCannotBeMadeDoesNotHoldUpTheOthers() {
    put("a-lost", "0 8 * * MON", "Nowhere/Lost");
    put("0 8 * * MON");
    assertThat(gone()).isFalse();
    store.schedules().remove("weekly");
    schedules.look();
    assertThat(gone()).isTrue();
  }

  private ScheduleDescription there() {
    return client.getHandle(ID).describe();
  }

  private void pause(boolean paused) {
    store
        .schedules()
        .change(
            "weekly",
            s ->
                new ScheduleStore.Stored(
                    s.is(), paused, null, s.createdAt(), s.changedAt(), s.since()));
    schedules.look();
  }

  private boolean gone() {
    try {
      there();
      return false;
    } catch (ScheduleException e) {
      return true;
    }
  }

  @Test
  void whatTheTableSaysIsMadeChangedPausedAndRemoved() throws Exception {
    put("0 8 * * MON");
    assertThat(Objects.requireNonNull(there().getSchedule().getState()).isPaused()).isFalse();
    assertThat(Objects.requireNonNull(there().getSchedule().getPolicy()).getCatchupWindow())
        .isEqualTo(Duration.ofHours(1));
    List<Instant> before = there().getInfo().getNextActionTimes();
    put("30 9 * * *");
    assertThat(there().getInfo().getNextActionTimes()).isNotEqualTo(before);
    pause(true);
    assertThat(Objects.requireNonNull(there().getSchedule().getState()).isPaused()).isTrue();
    // A former life made one that is gone from the table since.
    TemporalSchedules next = new TemporalSchedules(stubs, "next life", store.schedules());
    store.schedules().remove("weekly");
    ServiceProcess.await(
        "its end",
        60,
        () -> {
          next.look();
          if (!gone()) {
            // Temporal's list lags; the next life asks it again.
            new TemporalSchedules(stubs, "later life", store.schedules()).look();
          }
          return gone();
        });
    schedules.look();
  }

  @Test
  void theyAreMadeAnewWhenTemporalHasLostItsDatabase() throws Exception {
    put("0 8 * * MON");
    disconnect();
    connect(Files.createDirectory(home.resolve("another")));
    assertThat(gone()).isTrue();
    ServiceProcess.await(
        "the schedule",
        60,
        () -> {
          schedules.look();
          return !gone();
        });
    assertThat(there().getInfo().getNextActionTimes()).isNotEmpty();
  }

  @Test
  void temporalFiresAtTheTimesThatAreShown() {
    same("30 1 5-9 11 *", "America/New_York");
    same("15 2 14 3 *", "America/New_York");
    for (String cron :
        List.of(
            "0 8 * * MON",
            "*/20 9-17/2 * * 1-5",
            "30 2 28 3 *",
            "30 2 25-31 10 *",
            "0 0 29 2 *",
            "15,45 23 1,31 JAN,DEC *",
            "0 3 * * SUN")) {
      same(cron, "Europe/Berlin");
    }
  }

  private void same(String cron, String zone) {
    put(cron, zone);
    Calendar calendar = Calendar.of(cron, zone);
    // West of Greenwich Temporal counts an hour twice that comes twice; such a fire is no fire.
    List<Instant> theirs =
        there().getInfo().getNextActionTimes().stream().filter(calendar::isTime).toList();
    assertThat(theirs).as(cron).hasSizeGreaterThan(3);
    Instant first = theirs.getFirst().minusSeconds(1);
    assertThat(calendar.next(first, theirs.size()))
        .as(cron)
        .extracting(time -> Instant.parse(time.at()))
        .isEqualTo(theirs);
  }

  /** Every minute that was missed is told; that one run comes of them is ScheduleFires' part. */
  @Test
  @Tag("campaign")
  void theMinutesWithoutTemporalAreToldWhenItIsBack() throws Exception {
    put("* * * * *");
    work();
    assertThat(fired.poll(90, TimeUnit.SECONDS)).isNotNull();
    disconnect();
    Instant back = Instant.now().plusSeconds(130);
    ServiceProcess.await("two minutes", 180, () -> Instant.now().isAfter(back));
    connect(home);
    work();
    assertThat(fired.poll(60, TimeUnit.SECONDS)).isNotNull();
    assertThat(fired.poll(60, TimeUnit.SECONDS)).isNotNull();
  }

  private void work() {
    WorkerFactory fresh =
        TemporalConnection.workers(TemporalConnection.client(stubs, "worker"), new Recorder(fired));
    workers = fresh;
    fresh.start();
  }

  @Test
  void aFireTellsTheTimeThatItStandsForHoweverLateItIs() throws Exception {
    put("0 8 * * *");
    Instant from = Instant.parse("2027-03-26T12:00:00Z");
    client
        .getHandle(ID)
        .backfill(
            List.of(
                new ScheduleBackfill(
                    from,
                    from.plus(Duration.ofDays(3)),
                    ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL)));
    // The worker comes later than the fires, as after a stop of the service.
    work();
    List<String> heard = new java.util.ArrayList<>();
    for (int i = 0; i < 3; i++) {
      heard.add(fired.poll(60, TimeUnit.SECONDS));
    }
    assertThat(heard)
        .containsExactlyInAnyOrder(
            "weekly 2027-03-27T07:00:00Z",
            "weekly 2027-03-28T06:00:00Z",
            "weekly 2027-03-29T06:00:00Z");
    client.getHandle(ID).trigger();
    assertThat(fired.poll(60, TimeUnit.SECONDS)).startsWith("weekly ");
  }
}
