package dev.helm.cli.http;

import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.Problem;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.render.SafeText;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The service's {@code problem+json} in words, with the exit code that goes with it. */
public final class Problems {
  private static final Pattern INTERFACE =
      Pattern.compile("(GET|POST|PUT|DELETE|PATCH) (/api/|messages|files)");

  private Problems() {}

  /** As {@link #of}, with the places of a file that are wrong before the advice. */
  public static Failure of(Reply reply, String file) {
    Problem problem = read(reply);
    List<String> places = problem == null ? List.of() : places(file, problem);
    Failure failure = of(reply);
    return places.isEmpty()
        ? failure
        : new Failure(
            failure.exit(), failure.what(), String.join(" ", places), failure.code(), null);
  }

  /** The failure that an answer with a status of 400 or more means. */
  public static Failure of(Reply reply) {
    Problem problem = read(reply);
    if (problem == null) {
      return new Failure(
          exit(reply.status(), ""),
          "The service answered " + reply.status() + ".",
          "Does HELM_URL name a Helm service? \"helm doctor\" looks further.");
    }
    String todo = todo(problem);
    return new Failure(
        exit(reply.status(), problem.code()),
        sentence(SafeText.line(what(problem))),
        SafeText.line(todo),
        problem.code(),
        null);
  }

  /** The problem of an answer, or null when it is none. */
  public static @Nullable Problem read(Reply reply) {
    try {
      Problem problem = Records.read(Problem.class, Json.object(reply.body()));
      return problem.title().isEmpty() ? null : problem;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** One line a place: {@code file:line:col: message (did you mean X?)}. */
  public static List<String> places(String file, Problem problem) {
    List<Problem.Place> errors = problem.errors();
    return errors == null
        ? List.of()
        : errors.stream().limit(50).map(place -> place(file, place)).toList();
  }

  private static String place(String file, Problem.Place place) {
    StringBuilder line = new StringBuilder(file);
    if (place.line() > 0) {
      line.append(':').append(place.line()).append(':').append(Math.max(1, place.column()));
    }
    line.append(": ").append(SafeText.line(place.message()));
    String hint = place.hint();
    if (hint != null && !hint.isEmpty()) {
      line.append(
          hint.contains(" ")
              ? " (" + SafeText.line(hint) + ")"
              : " (did you mean " + SafeText.line(hint) + "?)");
    }
    return line.toString();
  }

  private static String what(Problem problem) {
    DecisionBodies.Winner winner = problem.winner();
    if (winner != null) {
      return winner(winner) + " first";
    }
    List<Problem.Place> places = problem.errors();
    if (places != null && places.size() == 1 && problem.title().endsWith(" is wrong")) {
      // Which value, and what is wrong with it, stands in the place alone.
      return problem.title() + ": " + places.getFirst().message();
    }
    return problem.title();
  }

  /** {@code Denied by ann on her phone at 14:02:11}. */
  public static String winner(DecisionBodies.Winner winner) {
    String verb = winner.decision().equals("allow") ? "Allowed" : "Denied";
    String device = winner.by().device();
    return verb
        + " by "
        + SafeText.line(winner.by().user())
        + (device == null || device.isEmpty() ? "" : " on " + SafeText.line(device));
  }

  private static String todo(Problem problem) {
    String detail = problem.detail();
    if (detail != null && INTERFACE.matcher(detail).find()) {
      String command = command(detail);
      if (!command.isEmpty()) {
        return command;
      }
    } else if (detail != null && !detail.isEmpty()) {
      return detail;
    }
    return switch (problem.code()) {
      case "unauthenticated" -> "Log in with \"helm login\", or set HELM_TOKEN.";
      case "already_decided", "expired" -> "\"helm inbox\" shows what still waits.";
      case "stale" -> "The call changed since it was shown; look at it again with \"helm inbox\".";
      case "read_only", "engine_down" -> "\"helm doctor\" says what the service lacks.";
      default -> "";
    };
  }

  /** Advice in the words of the interface, in the words of the terminal. */
  private static String command(String detail) {
    if (detail.contains("/api/auth/")) {
      return "Log in with \"helm login\", or set HELM_TOKEN.";
    }
    if (detail.contains("GET messages")) {
      return "\"helm steer RUN\" lists them.";
    }
    if (detail.contains("GET files")) {
      return "\"helm files RUN\" lists what is there.";
    }
    if (detail.contains("/api/blueprints")) {
      return "\"helm blueprint list\" lists them.";
    }
    if (detail.contains("/api/inbox")) {
      return "\"helm inbox\" shows what waits.";
    }
    return detail.contains("/api/runs") ? "\"helm runs\" lists the runs." : "";
  }

  private static ExitCode exit(int status, String code) {
    return switch (status) {
      case 401 -> ExitCode.NOT_LOGGED_IN;
      case 404 -> ExitCode.NOT_FOUND;
      case 402, 403, 409, 410, 429 -> ExitCode.REFUSED;
      case 400 -> ExitCode.USAGE;
      case 502, 504 -> ExitCode.UNREACHABLE;
      default -> code.equals("ambiguous_id") ? ExitCode.USAGE : ExitCode.FAILED;
    };
  }

  private static String sentence(String text) {
    return text.isEmpty() || ".!?".indexOf(text.charAt(text.length() - 1)) >= 0 ? text : text + ".";
  }
}
