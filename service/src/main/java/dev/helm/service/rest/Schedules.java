package dev.helm.service.rest;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.Overlap;
import dev.helm.api.blueprint.ScheduleSpec;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.ScheduleBodies;
import dev.helm.service.blueprint.Nearest;
import dev.helm.service.schedule.Cron;
import dev.helm.service.schedule.CronException;
import dev.helm.service.schedule.Zones;
import dev.helm.service.store.Access;
import dev.helm.service.store.BlueprintStore;
import dev.helm.service.store.RunQueries;
import dev.helm.service.store.ScheduleStore;
import dev.helm.service.store.Store;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes and changes schedules, once all of what they are to do is known to be right. */
final class Schedules {
  private final Store store;
  private final RunStarts starts;
  private final Runnable changed;

  /** With what starts runs, and what hears that a schedule is another. */
  Schedules(Store store, RunStarts starts, Runnable changed) {
    this.store = store;
    this.starts = starts;
    this.changed = changed;
  }

  // ---- what blueprints bring ---------------------------------------------------------------

  /**
   * Stores a blueprint and has the schedule of its name be what it says: both, or neither. A
   * schedule of the blueprint's name that is about another blueprint is nobody's to replace.
   */
  BlueprintStore.Put put(Access access, Blueprint blueprint, RunStarts.Starter by) {
    ScheduleStore.Definition brought = brought(blueprint, by);
    BlueprintStore.Put put =
        taking(() -> store.blueprints().put(access, blueprint, by.name(), brought));
    changed.run();
    return put;
  }

  private static ScheduleStore.@Nullable Definition brought(
      Blueprint blueprint, RunStarts.Starter by) {
    ScheduleSpec spec = blueprint.schedule();
    return spec == null
        ? null
        : new ScheduleStore.Definition(
            blueprint.name(),
            blueprint.project(),
            blueprint.name(),
            spec.cron(),
            spec.timeZone(),
            spec.overlap(),
            spec.catchUpMs(),
            spec.inputs(),
            spec.prompt(),
            null,
            true,
            by.principal(),
            by.name());
  }

  // ---- what people say ---------------------------------------------------------------------

  ScheduleStore.Stored create(ScheduleBodies.NewSchedule wanted, RunStarts.Starter by) {
    Params.line("blueprint", wanted.blueprint(), 100);
    Blueprint.Stored stored = store.blueprints().newest(by.access(), wanted.blueprint());
    ScheduleSpec spec = stored == null ? null : stored.blueprint().schedule();
    String prompt = wanted.prompt();
    ScheduleStore.Definition is =
        new ScheduleStore.Definition(
            name(or(wanted.name(), wanted::blueprint)),
            stored == null ? "" : stored.blueprint().project(),
            wanted.blueprint(),
            said("cron", wanted.cron() == null && spec != null ? spec.cron() : wanted.cron()),
            said(
                "timeZone",
                wanted.timeZone() == null && spec != null ? spec.timeZone() : wanted.timeZone()),
            or(wanted.overlap(), () -> spec == null ? Overlap.SKIP : spec.overlap()),
            or(
                wanted.catchUpMs(),
                () -> spec == null ? ScheduleSpec.CATCH_UP.toMillis() : spec.catchUpMs()),
            or(wanted.input(), () -> spec == null ? Map.of() : spec.inputs()),
            prompt == null && spec != null ? spec.prompt() : prompt,
            wanted.budgetUsd(),
            false,
            by.principal(),
            by.name());
    check(is, by);
    ScheduleStore.Stored made = taking(() -> store.schedules().put(is, false));
    changed.run();
    return made;
  }

  ScheduleStore.@Nullable Stored change(
      ScheduleStore.Stored before, ScheduleBodies.ChangeSchedule wanted, RunStarts.Starter by) {
    if (!with(before.is(), wanted, by).equals(before.is())) {
      check(with(before.is(), wanted, by), by);
    }
    String note = wanted.note() == null ? null : Params.line("note", wanted.note(), 200);
    ScheduleStore.Stored after =
        store
            .schedules()
            .change(
                before.id(),
                now ->
                    new ScheduleStore.Stored(
                        with(now.is(), wanted, by),
                        or(wanted.paused(), now::paused),
                        note == null && wanted.paused() == null ? now.note() : note,
                        now.createdAt(),
                        now.changedAt(),
                        now.since()));
    changed.run();
    return after;
  }

  boolean remove(String id) {
    boolean removed = store.schedules().remove(id);
    changed.run();
    return removed;
  }

  /** Who changes what its runs do has them from then on; a pause makes nobody their owner. */
  private static ScheduleStore.Definition with(
      ScheduleStore.Definition is, ScheduleBodies.ChangeSchedule wanted, RunStarts.Starter by) {
    ScheduleStore.Definition other =
        new ScheduleStore.Definition(
            is.id(),
            is.project(),
            is.blueprint(),
            or(wanted.cron(), is::cron),
            or(wanted.timeZone(), is::timeZone),
            or(wanted.overlap(), is::overlap),
            or(wanted.catchUpMs(), is::catchUpMs),
            or(wanted.input(), is::input),
            wanted.prompt() == null ? is.prompt() : wanted.prompt(),
            wanted.budgetUsd() == null ? is.budgetUsd() : wanted.budgetUsd(),
            is.fromBlueprint(),
            is.principal(),
            is.by());
    return other.equals(is) ? is : other.with(by.principal(), by.name());
  }

  private static <T> T taking(Supplier<T> put) {
    try {
      return put.get();
    } catch (ScheduleStore.TakenException e) {
      throw ProblemException.of(
          ErrorCode.CONFLICT,
          String.valueOf(e.getMessage()),
          "give the new one a name of its own, or remove one that is there");
    }
  }

  /** What a run would be refused for is refused now, when somebody is there to read it. */
  private void check(ScheduleStore.Definition is, RunStarts.Starter by) {
    if (is.blueprint().contains("@")) {
      throw ProblemException.member(
          "blueprint", "a schedule takes the newest version", "name it without @VERSION");
    }
    cron(is.cron());
    if (!Zones.known(is.timeZone())) {
      throw ProblemException.member(
          "timeZone",
          "expected a place such as Europe/Berlin, or UTC, found \"" + is.timeZone() + "\"",
          Zones.hint(is.timeZone()) == null
              ? Nearest.hint(is.timeZone(), Zones.names())
              : Zones.hint(is.timeZone()));
    }
    if (is.catchUpMs() < ScheduleSpec.CATCH_UP_MIN.toMillis()
        || is.catchUpMs() > ScheduleSpec.CATCH_UP_MAX.toMillis()) {
      throw ProblemException.member("catchUpMs", "expected one minute to seven days", null);
    }
    RunQueries.NewRun unused = starts.wanted(by, ScheduleFires.request(is), null);
  }

  private static void cron(String text) {
    try {
      Cron unused = Cron.of(text);
    } catch (CronException e) {
      throw ProblemException.member("cron", e.wrong(), e.hint());
    }
  }

  private static String name(String name) {
    if (!name.matches("[a-z0-9][a-z0-9-]{0,63}")) {
      throw ProblemException.member(
          "name",
          "expected 1 to 64 lower-case letters, digits and dashes, beginning with a letter or digit",
          null);
    }
    return name;
  }

  /** A member that neither the request nor the blueprint says. */
  private static String said(String member, @Nullable String value) {
    if (value == null) {
      throw ProblemException.member(
          member,
          "is missing, and the blueprint suggests no schedule",
          member.equals("cron") ? "0 8 * * MON is every Monday at 08:00" : "Europe/Berlin, or UTC");
    }
    return Params.line(member, value, 100);
  }

  private static <T> T or(@Nullable T value, Supplier<T> otherwise) {
    return value == null ? Objects.requireNonNull(otherwise.get()) : value;
  }
}
