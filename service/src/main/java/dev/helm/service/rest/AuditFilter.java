package dev.helm.service.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.store.RunLog;
import dev.helm.api.Sha256;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.audit.AuditTrail;
import dev.helm.service.auth.Caller;
import dev.helm.service.store.AuditStore;
import dev.helm.service.store.Change;
import dev.helm.workflows.HelmJson;
import jakarta.annotation.Priority;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes who looked, and what came of a change that {@link AskedFilter} wrote before it was begun.
 * What it is about is taken from the resource that was matched, never from the path's text.
 */
@Priority(Priorities.HEADER_DECORATOR)
public final class AuditFilter implements ContainerResponseFilter {
  private static final Logger LOG = LoggerFactory.getLogger(AuditFilter.class);
  private static final String ASKED = AuditFilter.class.getName() + ".asked";
  private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS");
  private static final Set<String> DECISIONS =
      Set.of("/api/permissions/{id}", "/api/questions/{id}", "/api/{later: decide}");
  private static final Set<String> STOPS =
      Set.of("/api/stop", "/api/runs/{id}/pause", "/api/runs/{id}/cancel");

  /** Attack: a password or a secret is guessed, offline, from the hash of the body it stood in. */
  private static final Set<String> SECRET =
      Set.of("/api/auth/password", "/api/secrets/{project}/{name}");

  private static final String OF_RUN = "/api/runs/{id}";
  private static final int BODY_READ_BYTES_MAX = 64 * 1024;

  /** Reads of these, and of what lies below, are looks at content. */
  private static final List<String> CONTENT =
      List.of(
          "/api/runs",
          "/api/permissions",
          "/api/search",
          "/api/inbox",
          "/api/blueprints",
          "/api/schedules",
          "/api/audit");

  /** Nothing is changed by these, or their own entries tell more. */
  private static final Set<String> NO_CHANGE =
      Set.of(
          "/api/auth/login",
          "/api/auth/refresh",
          "/api/auth/challenge",
          "/api/auth/ticket",
          "/api/blueprints/validate");

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
          "cron",
          "timeZone",
          "overlap",
          "catchUpMs",
          "paused",
          "note",
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

  /** Attack: a weak secret is guessed by the hash of the body that it came in. None is kept. */
  private static final Set<String> SECRET_BODIES =
      Set.of("/api/secrets/{project}/{name}", "/api/auth/password");

  private final AuditTrail trail;
  @Context private @Nullable ResourceInfo resource;
  @Context private @Nullable HttpServletRequest http;

  /** With the audit log. */
  public AuditFilter(AuditTrail trail) {
    this.trail = trail;
  }

  @Override
  public void filter(ContainerRequestContext request, ContainerResponseContext response) {
    Change.atWork(null);
    if (request.getProperty(ASKED) instanceof Asked asked) {
      request.removeProperty(ASKED);
      ended(asked, response.getStatus());
    } else if (resource != null
        && resource.getResourceMethod() != null
        && READS.contains(request.getMethod())
        && response.getStatus() < Response.Status.BAD_REQUEST.getStatusCode()
        && request.getSecurityContext().getUserPrincipal() instanceof Caller caller) {
      try {
        looked(caller, template(resource), request.getUriInfo().getPathParameters());
      } catch (RunLog.LogUnavailableException e) {
        refuse(response, e);
      }
    }
  }

  private static String address(@Nullable HttpServletRequest http) {
    return http == null ? "" : FrontFilter.client(http).key();
  }

  /** Where the matched method is, with the names of its parameters. */
  private static String template(ResourceInfo resource) {
    Path type = resource.getResourceClass().getAnnotation(Path.class);
    Path method = resource.getResourceMethod().getAnnotation(Path.class);
    return (type == null ? "" : type.value()) + (method == null ? "" : method.value());
  }

  private void looked(Caller caller, String at, MultivaluedMap<String, String> values) {
    String root =
        CONTENT.stream()
            .filter(each -> at.equals(each) || at.startsWith(each + "/"))
            .findFirst()
            .orElse("");
    if (root.isEmpty() || at.equals("/api/audit/key")) {
      return;
    }
    String name = root.substring("/api/".length());
    String id = values.getFirst("id") == null ? values.getFirst("name") : values.getFirst("id");
    String below = at.substring(root.length()).replaceFirst("^(/[{][^}]*[}])?/?", "");
    String kind = id == null ? name : name.replaceFirst("s$", "");
    String object =
        id == null ? name : at.startsWith(OF_RUN) ? trail.run(caller, id) : AuditTrail.cut(id);
    trail.looked(caller, object, below.isEmpty() ? kind : below, address(http));
  }

  private void ended(Asked asked, int status) {
    if (asked.change().isDone()) {
      return;
    }
    Map<String, Object> data = new LinkedHashMap<>(asked.data());
    data.put("status", status);
    try {
      if (status >= Response.Status.BAD_REQUEST.getStatusCode()) {
        trail.refused(asked.caller(), data, asked.address());
      } else {
        trail.ended(asked.caller(), asked.type(), "change/" + asked.key(), data, asked.address());
      }
    } catch (RunLog.LogUnavailableException e) {
      LOG.warn(
          "what came of a change cannot be recorded; that it was asked is: {}", e.getMessage());
    }
  }

  /** A change that was asked for. */
  private record Asked(
      Caller caller,
      AuditStore.Type type,
      String key,
      Map<String, Object> data,
      String address,
      Change change) {}

  /**
   * Has a change told in its own transaction, or before it is begun, so that none is without trace.
   * It comes after {@link IdempotencyFilter}: what is answered again is not asked again.
   */
  @Priority(Priorities.USER + 1)
  public static final class AskedFilter implements ContainerRequestFilter {
    private final AuditTrail trail;
    @Context private @Nullable ResourceInfo resource;
    @Context private @Nullable HttpServletRequest http;

    /** With the audit log. */
    public AskedFilter(AuditTrail trail) {
      this.trail = trail;
    }

    @Override
    public void filter(ContainerRequestContext request) throws IOException {
      Change.atWork(null);
      if (resource == null
          || resource.getResourceMethod() == null
          || READS.contains(request.getMethod())
          || NO_CHANGE.contains(template(resource))
          || !(request.getSecurityContext().getUserPrincipal() instanceof Caller caller)) {
        return;
      }
      Asked asked = asked(request, caller, template(resource), address(http));
      Change.atWork(asked.change());
      request.setProperty(ASKED, asked);
    }

    private Asked asked(
        ContainerRequestContext request, Caller caller, String template, String address)
        throws IOException {
      byte[] body = request.getEntityStream().readAllBytes();
      request.setEntityStream(new ByteArrayInputStream(body));
      Map<String, Object> data = new LinkedHashMap<>();
      data.put("method", request.getMethod());
      data.put("path", AuditTrail.cut("/" + request.getUriInfo().getPath()));
      String id = request.getUriInfo().getPathParameters().getFirst("id");
      if (template.startsWith(OF_RUN) && id != null) {
        data.put("run", trail.run(caller, id));
      }
      if (body.length > 0 && !SECRET_BODIES.contains(template)) {
        if (!SECRET.contains(template)) {
          data.put("bodySha256", Sha256.hex(body));
        }
        data.putAll(shown(body));
      }
      // Attack: a key that was used long ago is sent again, and what it changes has no entry.
      String key = UUID.randomUUID().toString();
      AuditStore.Type type =
          DECISIONS.contains(template) ? AuditStore.Type.DECIDED : AuditStore.Type.CHANGED;
      Change change = trail.asked(caller, type, key, data, address, STOPS.contains(template));
      return new Asked(caller, type, key, data, address, change);
    }
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

  private static ProblemException unrecorded(RunLog.LogUnavailableException why) {
    return ProblemException.later(
        ErrorCode.LOG_UNAVAILABLE,
        "who did this cannot be recorded",
        "send it again with the same Idempotency-Key: " + why.getMessage(),
        5);
  }

  /** What could not be recorded is not answered as if it were. */
  private static void refuse(
      ContainerResponseContext response, RunLog.LogUnavailableException why) {
    ProblemException problem = unrecorded(why);
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
