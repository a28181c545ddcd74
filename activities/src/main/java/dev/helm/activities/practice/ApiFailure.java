package dev.helm.activities.practice;

/** An error answer of the Messages API. */
final class ApiFailure extends Exception {
  private static final long serialVersionUID = 1L;
  private final int status;
  private final int retryAfterS;

  private ApiFailure(int status, int retryAfterS, String message) {
    super(message);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }

  static ApiFailure invalid(String message) {
    return new ApiFailure(400, 0, message);
  }

  static ApiFailure of(int status, String message) {
    return new ApiFailure(status, 0, message);
  }

  /** The failure that a scenario's fault asks for, worded as the real API words it. */
  static ApiFailure scripted(int status, int retryAfterS) {
    return new ApiFailure(
        status,
        retryAfterS,
        switch (status) {
          case 400 -> "A scripted fault of the practice model: invalid request";
          case 401 -> "invalid x-api-key";
          case 403 -> "Your API key does not have permission to use the specified resource.";
          case 404 -> "Not found";
          case 413 -> "Request exceeds the maximum size";
          case 429 -> "This request would exceed your organization's rate limit.";
          case 529 -> "Overloaded";
          default -> "Internal server error";
        });
  }

  int status() {
    return status;
  }

  /** Seconds for the retry-after header; 0 means no header. */
  int retryAfterS() {
    return retryAfterS;
  }

  String type() {
    return typeOf(status);
  }

  static String typeOf(int status) {
    return switch (status) {
      case 400, 405 -> "invalid_request_error";
      case 401 -> "authentication_error";
      case 403 -> "permission_error";
      case 404 -> "not_found_error";
      case 413 -> "request_too_large";
      case 429 -> "rate_limit_error";
      case 529 -> "overloaded_error";
      default -> "api_error";
    };
  }
}
