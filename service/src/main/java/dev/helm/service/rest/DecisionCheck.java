package dev.helm.service.rest;

import dev.helm.activities.store.Blobs;
import dev.helm.activities.store.Runs;
import dev.helm.activities.tools.ArgumentsCheck;
import dev.helm.activities.tools.RunTools;
import dev.helm.api.Sha256;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.Problem;
import dev.helm.service.auth.Caller;
import dev.helm.service.blueprint.Rules;
import dev.helm.service.store.RuleStore;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.Signals;
import dev.helm.workflows.decide.Gate;
import dev.helm.workflows.decide.Remembered;
import dev.helm.workflows.decide.Suggestions;
import dev.helm.workflows.decide.ToolCall;
import dev.helm.workflows.decide.Verdict;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a decision asks for, looked at before anybody is told: changed arguments fit the tool and
 * are not denied, a rule means something and would have let this very call pass. The activity that
 * acts looks again.
 */
public final class DecisionCheck {
  private static final int RULE_CHARS_MAX = 500;
  private static final Duration EXPIRES_MAX = Duration.ofDays(366);

  private final Runs runs;
  private final Blobs blobs;
  private final Clock clock;
  private final RunTools tools;

  /** With where runs and texts are, the service's clock, and what tools there are. */
  public DecisionCheck(Runs runs, Blobs blobs, Clock clock, RunTools tools) {
    this.runs = runs;
    this.blobs = blobs;
    this.clock = clock;
    this.tools = tools;
  }

  /** Refuses what no permission could be answered with. */
  static void shape(DecisionBodies.Decide request) {
    boolean allow = request.decision().equals("allow");
    if (!allow && !request.decision().equals("deny")) {
      throw ProblemException.member("decision", "expected \"allow\" or \"deny\"", null);
    }
    String hash = request.argumentsHash();
    if (hash == null && allow) {
      throw ProblemException.member(
          "argumentsHash",
          "is missing; it is required for allow",
          "send what the inbox item shows");
    }
    if (hash != null && !hash.matches("[0-9a-f]{64}")) {
      throw ProblemException.member("argumentsHash", "expected 64 lower-case hex digits", null);
    }
    if (request.reason() != null) {
      Params.text("reason", request.reason(), 1_000);
    }
    if (request.arguments() != null) {
      onlyWithAllow("arguments", allow);
      if (!(request.arguments() instanceof Map)) {
        throw ProblemException.member("arguments", "expected a JSON object", null);
      }
    }
    if (request.remember() != null) {
      onlyWithAllow("remember", allow);
      shape(request.remember());
    }
  }

  private static void shape(DecisionBodies.@Nullable Remember remember) {
    if (remember == null) {
      return;
    }
    String scope = Objects.requireNonNullElse(remember.scope(), "");
    if (!scope.equals("run") && !scope.equals("blueprint")) {
      throw ProblemException.member("remember.scope", "expected \"run\" or \"blueprint\"", null);
    }
    Params.line("remember.rule", Objects.requireNonNullElse(remember.rule(), ""), RULE_CHARS_MAX);
  }

  private static void onlyWithAllow(String member, boolean allow) {
    if (!allow) {
      throw ProblemException.member(member, "only goes with allow", "leave it out to deny");
    }
  }

  /** The signal for the run's workflow. */
  Signals.Decide decision(
      DecisionBodies.Decide request,
      DecisionBodies.Permission asked,
      Caller caller,
      String requestId) {
    Runs.Info run = runs.info(asked.run());
    Blueprint blueprint = run.blueprint();
    ToolCall call = call(asked, text(asked));
    Signals.Edited edited = null;
    if (request.arguments() != null) {
      ToolCall changed = changed(request.arguments(), asked, run);
      if (!changed.argumentsHash().equals(call.argumentsHash())) {
        call = changed;
        edited =
            new Signals.Edited(
                blobs.put(changed.source().getBytes(StandardCharsets.UTF_8), "application/json"),
                changed.argumentsHash());
      }
    }
    return new Signals.Decide(
        requestId,
        asked.id(),
        request.decision().equals("allow"),
        asked.item().argumentsHash(),
        request.reason(),
        caller.name(),
        caller.device(),
        edited,
        remembered(request.remember(), asked, blueprint, call));
  }

  private String text(DecisionBodies.Permission asked) {
    Content arguments = asked.item().arguments();
    return arguments == null ? "{}" : blobs.text(arguments);
  }

  private static ToolCall call(DecisionBodies.Permission asked, String source) {
    return ToolCall.of(
        Objects.requireNonNullElse(asked.item().toolUseId(), asked.id()),
        Objects.requireNonNullElse(asked.item().tool(), ""),
        source);
  }

  /** Attack: an edit smuggles in what the model itself would not have been allowed. */
  private ToolCall changed(Object arguments, DecisionBodies.Permission asked, Runs.Info run) {
    ToolCall call;
    try {
      call = call(asked, HelmJson.write(arguments));
      call.argumentsHash();
    } catch (IllegalArgumentException e) {
      throw invalid(List.of(new ArgumentsCheck.Mistake("", String.valueOf(e.getMessage()))));
    }
    List<ArgumentsCheck.Mistake> mistakes = tools.mistakes(run, call);
    if (!mistakes.isEmpty()) {
      throw invalid(mistakes);
    }
    if (Gate.of(run.blueprint()).decide(call) instanceof Verdict.Deny deny) {
      throw ProblemException.of(
          ErrorCode.EDIT_REFUSED,
          "the changed call is not allowed: " + deny.reason(),
          "nothing was decided; change it otherwise, allow it as it is, or deny it");
    }
    return call;
  }

  private static ProblemException invalid(List<ArgumentsCheck.Mistake> mistakes) {
    List<Problem.Place> places =
        mistakes.stream()
            .map(
                m ->
                    new Problem.Place(
                        0,
                        0,
                        m.path().isEmpty() ? "arguments" : "arguments." + m.path(),
                        m.message(),
                        null))
            .toList();
    return ProblemException.at(
        ErrorCode.INVALID_ARGUMENTS,
        "the changed arguments do not fit the tool: "
            + places.getFirst().path()
            + " "
            + places.getFirst().message(),
        "nothing was decided; mend them, allow the call as it is, or deny it",
        places);
  }

  private RunEvent.@Nullable Remembered remembered(
      DecisionBodies.@Nullable Remember remember,
      DecisionBodies.Permission asked,
      Blueprint blueprint,
      ToolCall call) {
    if (remember == null) {
      return null;
    }
    String expiresAt = expiresAt(remember.expiresAt());
    if (blueprint.permissions().approvers() > 1) {
      throw wrong(
          "this blueprint lets " + blueprint.permissions().approvers() + " people decide together",
          "a rule that one of them had remembered would decide without the others; put it into the"
              + " blueprint instead");
    }
    String rule = remember.rule().strip();
    Rules.Wrong wrong = Rules.of(blueprint).check(rule, Rules.Place.ALLOW);
    if (wrong != null) {
      throw wrong(wrong.message(), wrong.hint());
    }
    List<Remembered> holding = runs.remembered(asked.run(), clock.millis());
    String whyNot = Suggestions.whyNot(blueprint, holding, rule, call);
    if (whyNot != null) {
      RunEvent.Suggestion fits = Suggestions.of(blueprint, holding, call);
      throw wrong(
          "it does not match the call that you allow: " + whyNot,
          fits == null
              ? "allow the call without remembering anything"
              : "a rule that matches it is " + fits.rule());
    }
    if (holding.size() >= RuleStore.HOLDING_MAX) {
      throw wrong(
          RuleStore.HOLDING_MAX + " rules are remembered for it, which is the most",
          "helm rules shows them; revoke some");
    }
    return new RunEvent.Remembered(
        "r" + Sha256.hex(asked.id()).substring(0, 15), remember.scope(), rule, expiresAt);
  }

  private static ProblemException wrong(String why, @Nullable String hint) {
    return ProblemException.at(
        ErrorCode.INVALID_RULE,
        "the rule cannot be remembered: " + why,
        hint,
        List.of(new Problem.Place(0, 0, "remember.rule", why, hint)));
  }

  private @Nullable String expiresAt(@Nullable String text) {
    if (text == null) {
      return null;
    }
    Instant at;
    try {
      at = Instant.parse(text);
    } catch (DateTimeException e) {
      throw ProblemException.member(
          "remember.expiresAt", "expected a UTC time such as 2026-03-02T14:30:00Z", null);
    }
    Instant now = clock.instant();
    if (!at.isAfter(now) || at.isAfter(now.plus(EXPIRES_MAX))) {
      throw ProblemException.member(
          "remember.expiresAt",
          "expected a time from now to a year from now; by the service's clock it is " + now,
          "leave it out for a rule that does not expire");
    }
    return at.toString();
  }
}
