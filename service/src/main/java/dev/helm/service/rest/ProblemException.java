package dev.helm.service.rest;

import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.Problem;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request that is refused, as the client will read it. */
public final class ProblemException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorCode code;
  private final transient Problem problem;
  private final long retryAfterSeconds;

  private ProblemException(ErrorCode code, Problem problem, long retryAfterSeconds) {
    super(problem.title(), null, false, false);
    this.code = code;
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** With what happened, why, and what to do. */
  public static ProblemException of(ErrorCode code, String title, @Nullable String detail) {
    return new ProblemException(code, problem(code, title, detail, null, null, null), 0);
  }

  /** With the seconds after which it may be tried again. */
  public static ProblemException later(
      ErrorCode code, String title, String detail, long retryAfterSeconds) {
    return new ProblemException(
        code, problem(code, title, detail, null, null, null), retryAfterSeconds);
  }

  /** With the places of the input that are wrong. */
  public static ProblemException at(
      ErrorCode code, String title, @Nullable String detail, List<Problem.Place> places) {
    return new ProblemException(code, problem(code, title, detail, null, places, null), 0);
  }

  /** One wrong member of the request. */
  public static ProblemException member(String path, String message, @Nullable String hint) {
    return at(
        ErrorCode.INVALID_INPUT,
        "\"" + path + "\" is wrong: " + message,
        hint,
        List.of(new Problem.Place(0, 0, path, message, hint)));
  }

  /** With who came first. */
  public static ProblemException lost(String title, DecisionBodies.Winner winner) {
    return new ProblemException(
        ErrorCode.ALREADY_DECIDED,
        problem(ErrorCode.ALREADY_DECIDED, title, "the first decision stands", winner, null, null),
        0);
  }

  /** With further members. */
  public static ProblemException with(
      ErrorCode code, String title, @Nullable String detail, Map<String, String> more) {
    return new ProblemException(code, problem(code, title, detail, null, null, more), 0);
  }

  /** The code. */
  public ErrorCode code() {
    return code;
  }

  /** The body. */
  public Problem problem() {
    return problem;
  }

  /** Seconds to wait, 0 for none. */
  public long retryAfterSeconds() {
    return retryAfterSeconds;
  }

  private static Problem problem(
      ErrorCode code,
      String title,
      @Nullable String detail,
      DecisionBodies.@Nullable Winner winner,
      @Nullable List<Problem.Place> places,
      @Nullable Map<String, String> more) {
    return new Problem(
        "about:blank", title, code.status(), detail, code.word(), winner, places, more);
  }
}
