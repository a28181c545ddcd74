package dev.helm.service.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.store.RunLog;
import dev.helm.api.Sha256;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.audit.AuditTrail;
import dev.helm.service.auth.Caller;
import dev.helm.workflows.HelmJson;
import jakarta.annotation.Priority;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Writes who changed, decided or looked before the answer is sent. It comes after {@link
 * IdempotencyFilter} with a key made from the request's, so that a request whose entry could not be
 * written has it written when it is sent again.
 */
@Priority(Priorities.HEADER_DECORATOR)
public final class AuditFilter implements ContainerRequestFilter, ContainerResponseFilter {
  private static final String BODY = AuditFilter.class.getName() + ".body";
  private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS");
  private static final Pattern OF_RUN = Pattern.compile("/?api/runs/([^/]+)/(.+)");
  private static final Pattern OF_PERMISSION = Pattern.compile("/?api/permissions/([^/]+)");
  private static final Pattern DECISION =
      Pattern.compile("/?api/((permissions|questions)/[^/]+|decide)");
  private static final int BODY_READ_BYTES_MAX = 64 * 1024;

  /** Nothing is changed by these, or their own entries tell more. */
  private static final Set<String> NO_CHANGE =
      Set.of(
          "api/auth/login",
          "api/auth/refresh",
          "api/auth/challenge",
          "api/auth/ticket",
          "api/blueprints/validate");

  /** Members of bodies that an entry shows. Attack: a secret or a whole text gets into the log. */
  private static final List<String> SHOWN =
      List.of(
          "name",
          "project",
          "role",
          "roles",
          "disabled",
          "days",
          "blueprint",
          "budgetUsd",
          "addUsd",
          "capUsd",
          "dayUsd",
          "monthUsd",
          "totalUsd",
          "warnAt",
          "decision",
          "argumentsHash",
          "reason",
          "remember",
          "when",
          "to",
          "at",
          "scope");

  private final AuditTrail trail;
  @Context private @Nullable ResourceInfo resource;
  @Context private @Nullable HttpServletRequest http;

  /** With the audit log. */
  public AuditFilter(AuditTrail trail) {
    this.trail = trail;
  }

  @Override
  public void filter(ContainerRequestContext request) throws IOException {
    if (known() && !READS.contains(request.getMethod())) {
      byte[] body = request.getEntityStream().readAllBytes();
      request.setEntityStream(new ByteArrayInputStream(body));
      request.setProperty(BODY, body);
    }
  }

  @Override
  public void filter(ContainerRequestContext request, ContainerResponseContext response) {
    if (!known()
        || response.getStatus() >= Response.Status.BAD_REQUEST.getStatusCode()
        || !(request.getSecurityContext().getUserPrincipal() instanceof Caller caller)) {
      return;
    }
    try {
      String path = request.getUriInfo().getPath();
      if (READS.contains(request.getMethod())) {
        looked(caller, path);
      } else if (!NO_CHANGE.contains(path)) {
        changed(request, response.getStatus(), caller, path);
      }
    } catch (RunLog.LogUnavailableException e) {
      refuse(response, e);
    }
  }

  private boolean known() {
    return resource != null && resource.getResourceMethod() != null;
  }

  private String address() {
    return http == null ? "" : FrontFilter.client(http).key();
  }

  private void looked(Caller caller, String path) {
    Matcher ofRun = OF_RUN.matcher(path);
    Matcher ofPermission = OF_PERMISSION.matcher(path);
    if (ofRun.matches()) {
      trail.looked(caller, trail.run(caller, ofRun.group(1)), ofRun.group(2), address());
    } else if (ofPermission.matches()) {
      trail.looked(caller, ofPermission.group(1), "permission", address());
    }
  }

  private void changed(ContainerRequestContext request, int status, Caller caller, String path) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("method", request.getMethod());
    data.put("path", AuditTrail.cut("/" + path));
    data.put("status", status);
    Matcher ofRun = OF_RUN.matcher(path);
    if (ofRun.matches()) {
      data.put("run", trail.run(caller, ofRun.group(1)));
    }
    if (request.getProperty(BODY) instanceof byte[] body && body.length > 0) {
      data.put("bodySha256", Sha256.hex(body));
      data.putAll(shown(body));
    }
    boolean keyed =
        request.getMethod().equals(HttpMethod.POST)
            && request.getHeaderString(IdempotencyFilter.HEADER) != null
            && !IdempotencyFilter.requestId(request).equals("null");
    String key = keyed ? IdempotencyFilter.requestId(request) : UUID.randomUUID().toString();
    trail.changed(caller, DECISION.matcher(path).matches(), "change/" + key, data, address());
  }

  private static Map<String, Object> shown(byte[] body) {
    Map<String, Object> shown = new LinkedHashMap<>();
    if (body.length > BODY_READ_BYTES_MAX || body[0] != '{') {
      return shown;
    }
    try {
      JsonNode read = HelmJson.mapper().readTree(body);
      for (String name : SHOWN) {
        JsonNode value = read.path(name);
        if (!value.isMissingNode() && !value.isNull()) {
          shown.put(
              "asked." + name,
              AuditTrail.cut(value.isValueNode() ? value.asText() : value.toString()));
        }
      }
    } catch (IOException e) {
      // The resource has refused it, or takes what is no JSON.
    }
    return shown;
  }

  /** What could not be recorded is not answered as if it were. */
  private static void refuse(
      ContainerResponseContext response, RunLog.LogUnavailableException why) {
    ProblemException problem =
        ProblemException.later(
            ErrorCode.LOG_UNAVAILABLE,
            "who did this cannot be recorded",
            "send it again with the same Idempotency-Key: " + why.getMessage(),
            5);
    response.setStatus(problem.code().status());
    try {
      response.setEntity(
          HelmJson.mapper().writeValueAsBytes(problem.problem()),
          new java.lang.annotation.Annotation[0],
          MediaType.valueOf(ErrorMappers.PROBLEM_JSON));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a problem can be written", e);
    }
    response.getHeaders().putSingle(HttpHeaders.RETRY_AFTER, "5");
  }
}
