package dev.helm.service.rest;

import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.Problem;
import dev.helm.workflows.HelmJson;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Errors that arise below the resources: Jetty's own, told in the same shape as all others. */
public final class HttpProblems extends ErrorHandler {
  private static final Logger LOG = LoggerFactory.getLogger(HttpProblems.class);

  /** All that any path takes; told to a method that none does. */
  private static final String METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

  /** The problem for a status that Jersey or Jetty chose. */
  static Problem problem(int status) {
    return switch (status) {
      case 401 -> of(ErrorCode.UNAUTHENTICATED, "no valid ticket or token", "log in again");
      case 403 ->
          of(
              ErrorCode.FORBIDDEN,
              "a page of another site may not do this",
              "origins in config.yml lists the addresses under which browsers see Helm");
      case 404 ->
          of(ErrorCode.NOT_FOUND, "there is no such path", "openapi.json lists all of them");
      case 405 ->
          of(
              ErrorCode.METHOD_NOT_ALLOWED,
              "this path does not take that method",
              "the Allow header names those that it takes");
      case 406 ->
          of(ErrorCode.NOT_ACCEPTABLE, "no such form of the answer", "accept application/json");
      case 413 -> of(ErrorCode.TOO_LARGE, "the request is too large", null);
      case 414, 431 ->
          of(ErrorCode.TOO_LARGE, "the address or the headers are too large", "at most 8 KiB");
      case 415 ->
          of(
              ErrorCode.UNSUPPORTED_MEDIA_TYPE,
              "the body has the wrong Content-Type",
              "send Content-Type: application/json");
      // An odd version or transfer coding is the client's mistake, not ours.
      case 501, 505 -> of(ErrorCode.BAD_REQUEST, "Helm speaks plain HTTP/1.1", null);
      case 429 -> of(ErrorCode.TOO_MANY_REQUESTS, "too many requests", null);
      default ->
          status >= 500
              ? of(ErrorCode.INTERNAL, "Helm could not answer", "see the service's log")
              : of(ErrorCode.BAD_REQUEST, "this is no request that Helm can read", null);
    };
  }

  private static Problem of(ErrorCode code, String title, @Nullable String detail) {
    return ProblemException.of(code, title, detail).problem();
  }

  @Override
  public boolean errorPageForMethod(String method) {
    return true;
  }

  @Override
  protected void generateResponse(
      Request request,
      Response response,
      int code,
      @Nullable String message,
      @Nullable Throwable cause,
      Callback callback) {
    Problem problem = problem(code);
    if (problem.status() >= 500) {
      LOG.warn("a request failed below the resources with {}", code, cause);
    }
    byte[] body = HelmJson.write(problem).getBytes(StandardCharsets.UTF_8);
    response.setStatus(problem.status());
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, ErrorMappers.PROBLEM_JSON);
    SecurityHeaders.EVERYWHERE.forEach(response.getHeaders()::put);
    response.getHeaders().put("Content-Security-Policy", SecurityHeaders.API_POLICY);
    response.getHeaders().put("Cache-Control", "no-store");
    if (problem.status() == 405 && !response.getHeaders().contains(HttpHeader.ALLOW)) {
      response.getHeaders().put(HttpHeader.ALLOW, METHODS);
    }
    boolean head = request.getMethod().equals("HEAD");
    response.write(true, head ? ByteBuffer.allocate(0) : ByteBuffer.wrap(body), callback);
  }
}
