package dev.helm.service.rest;

import dev.helm.activities.images.ImageList;
import dev.helm.api.Role;
import dev.helm.api.RunId;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.Problem;
import dev.helm.service.auth.Caller;
import dev.helm.service.blueprint.InputSchema;
import dev.helm.service.blueprint.Nearest;
import dev.helm.service.store.Access;
import dev.helm.service.store.BlueprintStore;
import dev.helm.service.store.Roles;
import dev.helm.service.store.RunQueries;
import dev.helm.workflows.HelmJson;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What it takes to start a run, the same for people, programs and schedules. */
public final class RunStarts {
  private static final Usd BUDGET_MAX = new Usd(100_000_000_000L);

  private final BlueprintStore blueprints;
  private final Supplier<@Nullable String> readOnlyBecause;
  private final Supplier<ImageList> images;
  private final boolean practice;

  /**
   * With where blueprints are, why no run can start if so, which images the operator allows, and
   * whether runs are practice.
   */
  public RunStarts(
      BlueprintStore blueprints,
      Supplier<@Nullable String> readOnlyBecause,
      Supplier<ImageList> images,
      boolean practice) {
    this.blueprints = blueprints;
    this.readOnlyBecause = readOnlyBecause;
    this.images = images;
    this.practice = practice;
  }

  /**
   * Who starts a run.
   *
   * @param principal id of the person or service token
   * @param name what people read
   */
  public record Starter(String principal, String name, Roles roles) {
    /** The one who calls. */
    static Starter of(Caller caller) {
      return new Starter(caller.userId(), caller.name(), caller.roles());
    }

    Access access() {
      return roles.access(principal);
    }
  }

  /** Refuses with 503 while no run can start. */
  public void refuseReadOnly() {
    String readOnly = readOnlyBecause.get();
    if (readOnly != null) {
      throw ProblemException.of(
          ErrorCode.READ_ONLY, "no run can start: Helm is read-only", readOnly);
    }
  }

  /**
   * The run that is asked for, checked and not yet stored.
   *
   * @param requestKey see {@link RunQueries.NewRun}
   * @throws ProblemException when it may not start so
   */
  public RunQueries.NewRun wanted(
      Starter starter, Bodies.StartRun request, @Nullable String requestKey) {
    Blueprint.Stored stored = blueprint(starter.access(), request.blueprint());
    Blueprint blueprint = stored.blueprint();
    Permit.check(starter.roles(), Role.OPERATOR, blueprint.project());
    // It may have been stored when the operator's list was another.
    images
        .get()
        .refusal(blueprint)
        .ifPresent(
            image -> {
              throw ProblemException.member("blueprint", image.why(), image.hint());
            });
    Map<String, Object> input = input(blueprint, request.input());
    String prompt = request.prompt();
    if (prompt != null) {
      Params.text("prompt", prompt, 20_000);
    } else if (blueprint.task().isBlank()) {
      throw ProblemException.member(
          "prompt", "is missing, and the blueprint has no task", "say what the agent is to do");
    }
    return new RunQueries.NewRun(
        RunId.random().value(),
        request.name() == null ? blueprint.name() : Params.line("name", request.name(), 100),
        stored,
        starter.principal(),
        starter.name(),
        cap(request.budgetUsd(), blueprint),
        input,
        HelmJson.write(input),
        prompt,
        practice,
        requestKey);
  }

  private Blueprint.Stored blueprint(Access access, String reference) {
    Params.line("blueprint", reference, 100);
    Blueprint.Stored stored = blueprints.find(access, reference);
    if (stored == null) {
      List<String> names =
          blueprints.list(access, RunQueries.LIMIT_MAX, null).items().stream()
              .map(Bodies.BlueprintSummary::name)
              .toList();
      int at = reference.indexOf('@');
      String hint = Nearest.hint(at < 0 ? reference : reference.substring(0, at), names);
      throw ProblemException.of(
          ErrorCode.NOT_FOUND,
          "there is no blueprint \"" + reference + "\"",
          hint == null ? "helm blueprint apply -f FILE stores one" : hint);
    }
    return stored;
  }

  private static Map<String, Object> input(
      Blueprint blueprint, @Nullable Map<String, Object> given) {
    InputSchema schema = InputSchema.of(blueprint.inputs());
    Map<String, Object> input = given == null ? Map.of() : given;
    List<Problem.Place> wrong = schema.check(input);
    if (!wrong.isEmpty()) {
      Problem.Place first = wrong.getFirst();
      throw ProblemException.at(
          ErrorCode.INVALID_INPUT,
          "the input does not fit the blueprint " + blueprint.name(),
          first.path() + " " + first.message(),
          wrong);
    }
    return schema.withDefaults(input);
  }

  private static Usd cap(@Nullable Usd wanted, Blueprint blueprint) {
    if (wanted == null) {
      return blueprint.budget().perRunUsd();
    }
    if (wanted.compareTo(Usd.ZERO) <= 0 || wanted.compareTo(BUDGET_MAX) > 0) {
      throw ProblemException.member(
          "budgetUsd", "expected more than 0 and at most 100000 dollars", null);
    }
    return wanted;
  }
}
