package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Every stable error code of the REST interface with its HTTP status. */
public enum ErrorCode {
  BAD_REQUEST(400),
  INVALID_INPUT(400),
  INVALID_BLUEPRINT(400),
  INVALID_CAP(400),
  INVALID_CURSOR(400),
  NOT_SUPPORTED_YET(400),
  IDEMPOTENCY_KEY_REQUIRED(400),
  AMBIGUOUS_ID(400),
  UNAUTHENTICATED(401),
  BAD_CREDENTIALS(401),
  FORBIDDEN(403),
  PASSWORD_CHANGE_REQUIRED(403),
  NOT_FOUND(404),
  METHOD_NOT_ALLOWED(405),
  NOT_ACCEPTABLE(406),
  REQUEST_TIMEOUT(408),
  CONFLICT(409),
  ALREADY_DECIDED(409),
  STALE(409),
  EDIT_REFUSED(409),
  RUN_FINISHED(409),
  ROLLBACK_UNDER_WAY(409),
  FILES_NOT_SAVED(409),
  ALREADY_READ(409),
  TOO_MANY_MESSAGES(409),
  EXPIRED(410),
  TOO_LARGE(413),
  UNSUPPORTED_MEDIA_TYPE(415),
  IDEMPOTENCY_KEY_REUSED(422),
  INVALID_ARGUMENTS(422),
  INVALID_RULE(422),
  NOT_AN_OPTION(422),
  TOO_MANY_REQUESTS(429),
  INTERNAL(500),
  READ_ONLY(503),
  ENGINE_DOWN(503),
  WORKFLOWS_DOWN(503),
  LOG_UNAVAILABLE(503),
  DISK_FULL(507);

  private final int status;

  ErrorCode(int status) {
    this.status = status;
  }

  /** The HTTP status that goes with the code. */
  public int status() {
    return status;
  }

  /** The code as the wire has it, lower case with underscores. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
