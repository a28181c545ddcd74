package dev.helm.service.rest;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidDefinitionException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import dev.helm.activities.sandbox.SandboxException;
import dev.helm.activities.store.RunLog;
import dev.helm.api.Usd;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.Problem;
import dev.helm.service.blueprint.Nearest;
import dev.helm.service.files.EpochFailure;
import dev.helm.service.store.InvalidCursorException;
import dev.helm.service.store.MessageStore;
import dev.helm.service.store.RunEndedException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.BadMessageException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One mapper for each kind of exception; all end in one shape, and none shows a stack trace. */
public final class ErrorMappers {
  /** Media type of every error. */
  public static final String PROBLEM_JSON = "application/problem+json";

  private static final Logger LOG = LoggerFactory.getLogger(ErrorMappers.class);

  private ErrorMappers() {}

  /** All of them, to be registered. */
  public static List<ExceptionMapper<?>> all() {
    return List.of(
        new Refused(),
        new BadJson(),
        new BrokenBody(),
        new Web(),
        new LogUnavailable(),
        new KeyConflict(),
        new BadCursor(),
        new RunEnded(),
        new QueueFull(),
        new WorkflowsGone(),
        new EpochFailed(),
        new EngineGone(),
        new BadHttp(),
        new Unexpected());
  }

  static Response response(ProblemException refused) {
    Response.ResponseBuilder response =
        Response.status(refused.code().status()).type(PROBLEM_JSON).entity(refused.problem());
    if (refused.retryAfterSeconds() > 0) {
      response.header(HttpHeaders.RETRY_AFTER, refused.retryAfterSeconds());
    }
    if (refused.code() == ErrorCode.UNAUTHENTICATED) {
      response.header(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"helm\"");
    }
    return response.build();
  }

  static Response response(ErrorCode code, String title, @Nullable String detail) {
    return response(ProblemException.of(code, title, detail));
  }

  /** A rollback, restart or fork that was not done. */
  static final class EpochFailed implements ExceptionMapper<EpochFailure> {
    @Override
    public Response toResponse(EpochFailure e) {
      return switch (e.kind()) {
        case BUSY ->
            response(
                ErrorCode.ROLLBACK_UNDER_WAY,
                "the run is being rolled back",
                String.valueOf(e.getMessage()));
        case FULL ->
            response(
                ErrorCode.DISK_FULL, "there is no room for it", String.valueOf(e.getMessage()));
        case UNSAVED ->
            response(
                ErrorCode.FILES_NOT_SAVED,
                "files would be lost, so the run was not rolled back",
                String.valueOf(e.getMessage()));
        case ENGINE ->
            response(
                ErrorCode.ENGINE_DOWN,
                "the container engine does not answer",
                String.valueOf(e.getMessage()));
        case LATER ->
            response(
                ErrorCode.ROLLBACK_UNDER_WAY,
                "it is begun, and not finished yet",
                String.valueOf(e.getMessage()));
        case OTHER ->
            response(
                ErrorCode.IDEMPOTENCY_KEY_REUSED,
                "this Idempotency-Key was used here for something else",
                String.valueOf(e.getMessage()));
      };
    }
  }

  /** Where a workspace lies is not known now. */
  static final class EngineGone implements ExceptionMapper<SandboxException> {
    @Override
    public Response toResponse(SandboxException e) {
      return response(
          ErrorCode.ENGINE_DOWN,
          "the container engine does not answer, so the workspace cannot be reached",
          String.valueOf(e.getMessage()));
    }
  }

  /** What Helm itself refuses. */
  static final class Refused implements ExceptionMapper<ProblemException> {
    @Override
    public Response toResponse(ProblemException e) {
      return response(e);
    }
  }

  /** A body that is no JSON, or not the JSON that was expected. */
  static final class BadJson implements ExceptionMapper<JsonProcessingException> {
    @Override
    public Response toResponse(JsonProcessingException e) {
      if (e instanceof InvalidDefinitionException) {
        return unexpected(e);
      }
      if (!(e instanceof JsonMappingException mapping)) {
        String message = e.getOriginalMessage();
        return at(ErrorCode.BAD_REQUEST, "the body is not JSON", e, "", message, null);
      }
      String path = path(mapping);
      return switch (mapping) {
        case UnrecognizedPropertyException unknown -> unknown(unknown, path);
        case ValueInstantiationException wrong ->
            at(
                ErrorCode.INVALID_INPUT,
                "\"" + path + "\" is wrong",
                e,
                path,
                wrong.getCause() == null
                    ? "wrong value"
                    : String.valueOf(wrong.getCause().getMessage()),
                null);
        case MismatchedInputException wrong -> {
          String expected = "expected " + words(wrong.getTargetType());
          yield at(ErrorCode.INVALID_INPUT, "the body is wrong", e, path, expected, null);
        }
        default ->
            at(ErrorCode.BAD_REQUEST, "the body is wrong", e, path, "this cannot be read", null);
      };
    }

    private static Response unknown(UnrecognizedPropertyException e, String path) {
      List<String> known = e.getKnownPropertyIds().stream().map(Object::toString).sorted().toList();
      String message =
          "there is no \""
              + e.getPropertyName()
              + "\"; expected one of "
              + String.join(", ", known);
      String hint = Nearest.hint(e.getPropertyName(), known);
      return at(ErrorCode.INVALID_INPUT, "the body has an unknown member", e, path, message, hint);
    }

    private static Response at(
        ErrorCode code,
        String title,
        JsonProcessingException e,
        String path,
        String message,
        @Nullable String hint) {
      JsonLocation where = e.getLocation();
      Problem.Place place =
          new Problem.Place(
              where == null ? 0 : Math.max(where.getLineNr(), 0),
              where == null ? 0 : Math.max(where.getColumnNr(), 0),
              path,
              message.length() > 300 ? message.substring(0, 300) + "…" : message,
              hint);
      return response(ProblemException.at(code, title, place.message(), List.of(place)));
    }

    private static String path(JsonMappingException e) {
      return e.getPath().stream()
          .map(
              part ->
                  part.getFieldName() == null ? "[" + part.getIndex() + "]" : part.getFieldName())
          .collect(Collectors.joining("."));
    }

    private static String words(@Nullable Class<?> type) {
      if (type == null
          || type.isRecord() && type != Usd.class
          || Map.class.isAssignableFrom(type)) {
        return "a JSON object";
      }
      if (type == Usd.class) {
        return "an amount of dollars as text, such as \"0.42\"";
      }
      return type == String.class ? "text" : "another kind of value";
    }
  }

  /** A body that ends early or breaks its framing: the resources read nothing but bodies. */
  static final class BrokenBody implements ExceptionMapper<IOException> {
    @Override
    public Response toResponse(IOException e) {
      return response(
          ErrorCode.BAD_REQUEST, "the body could not be read to its end", "send it whole");
    }
  }

  /** What Jersey refuses: no such path, method, media type. */
  static final class Web implements ExceptionMapper<WebApplicationException> {
    @Override
    public Response toResponse(WebApplicationException e) {
      int status = e.getResponse().getStatus();
      if (status >= 500) {
        return unexpected(e);
      }
      if (status < 400) {
        return e.getResponse();
      }
      Problem problem = HttpProblems.problem(status);
      Response.ResponseBuilder response =
          Response.status(problem.status()).type(PROBLEM_JSON).entity(problem);
      Object allow = e.getResponse().getHeaderString(HttpHeaders.ALLOW);
      if (allow != null) {
        response.header(HttpHeaders.ALLOW, allow);
      }
      return response.build();
    }
  }

  static final class LogUnavailable implements ExceptionMapper<RunLog.LogUnavailableException> {
    @Override
    public Response toResponse(RunLog.LogUnavailableException e) {
      LOG.warn("refused, since the event log cannot be used: {}", e.getMessage());
      return response(
          ProblemException.later(
              ErrorCode.LOG_UNAVAILABLE,
              "the event log cannot be written, so nothing was done",
              e.getMessage() + "; the same request may then be sent again",
              5));
    }
  }

  static final class KeyConflict implements ExceptionMapper<RunLog.KeyConflictException> {
    @Override
    public Response toResponse(RunLog.KeyConflictException e) {
      return response(
          ErrorCode.CONFLICT, "this was already done with other content", "nothing was changed");
    }
  }

  static final class BadCursor implements ExceptionMapper<InvalidCursorException> {
    @Override
    public Response toResponse(InvalidCursorException e) {
      return response(
          ErrorCode.INVALID_CURSOR,
          "\"cursor\" is not one that this list gave out",
          "send nextCursor of the page before, or none for the first page");
    }
  }

  static final class RunEnded implements ExceptionMapper<RunEndedException> {
    @Override
    public Response toResponse(RunEndedException e) {
      return response(
          ErrorCode.RUN_FINISHED, "the run has ended", "start a new one, or read its log");
    }
  }

  static final class QueueFull implements ExceptionMapper<MessageStore.QueueFullException> {
    @Override
    public Response toResponse(MessageStore.QueueFullException e) {
      return response(
          ErrorCode.TOO_MANY_MESSAGES,
          "the agent has not read " + MessageStore.UNREAD_MAX + " messages yet",
          "wait until it reads them at its next turn, or cancel some");
    }
  }

  static final class WorkflowsGone implements ExceptionMapper<RunControl.WorkflowsDown> {
    @Override
    public Response toResponse(RunControl.WorkflowsDown e) {
      LOG.warn("the workflow engine does not answer: {}", e.getMessage());
      return response(
          ProblemException.later(
              ErrorCode.WORKFLOWS_DOWN,
              "the workflow engine does not answer",
              "it is restarted by itself; send the same request with the same Idempotency-Key again",
              3));
    }
  }

  /** What the HTTP server says of a body while it is read. */
  static final class BadHttp implements ExceptionMapper<BadMessageException> {
    @Override
    public Response toResponse(BadMessageException e) {
      return switch (e.getCode()) {
        case 408 -> response(ErrorCode.REQUEST_TIMEOUT, "the body took too long", "send it whole");
        case 413 -> response(ErrorCode.TOO_LARGE, "the body is too large", null);
        default ->
            response(
                ErrorCode.BAD_REQUEST, "the body could not be read to its end", "send it whole");
      };
    }
  }

  static final class Unexpected implements ExceptionMapper<Throwable> {
    @Override
    public Response toResponse(Throwable e) {
      return unexpected(e);
    }
  }

  private static Response unexpected(Throwable e) {
    String id = UUID.randomUUID().toString();
    LOG.error("internal error {}", id, e);
    return response(
        ErrorCode.INTERNAL,
        "Helm has made a mistake",
        "the service's log tells more under " + id + "; please report it");
  }
}
