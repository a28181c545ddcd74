package dev.helm.service.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.helm.activities.store.RunLog;
import dev.helm.api.Sha256;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.PeopleBodies;
import dev.helm.api.rest.Problem;
import dev.helm.service.auth.Caller;
import dev.helm.service.store.IdempotencyStore;
import jakarta.annotation.Priority;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a repeated POST the answer of the first. The request id that resources hand on is made from
 * the same person, path and key, so that even a request whose answer was lost in a crash has its
 * effect once.
 */
@Priority(Priorities.USER)
public final class IdempotencyFilter implements ContainerRequestFilter, ContainerResponseFilter {
  /** The header. */
  public static final String HEADER = "Idempotency-Key";

  private static final Logger LOG = LoggerFactory.getLogger(IdempotencyFilter.class);
  private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1,200}");
  private static final String CLAIMED = IdempotencyFilter.class.getName() + ".claimed";
  private static final String REQUEST_ID = IdempotencyFilter.class.getName() + ".requestId";
  private static final long WAIT_MS_MAX = 5_000;
  private static final long LOOK_AGAIN_MS = 25;

  private final IdempotencyStore store;
  private final JsonMapper mapper;
  @Context private @Nullable ResourceInfo resource;

  /** With where answers are kept, and the mapper that writes them. */
  public IdempotencyFilter(IdempotencyStore store, JsonMapper mapper) {
    this.store = store;
    this.mapper = mapper;
  }

  /** The id of this request: the same for every repetition, 32 hex digits. */
  static String requestId(ContainerRequestContext request) {
    return Objects.toString(request.getProperty(REQUEST_ID));
  }

  @Override
  public void filter(ContainerRequestContext request) throws IOException {
    if (!request.getMethod().equals("POST") || resource == null || exempt(resource)) {
      return;
    }
    Caller caller = TokenFilter.caller(request.getSecurityContext());
    String path = request.getUriInfo().getRequestUri().getRawPath();
    IdempotencyStore.Key key = new IdempotencyStore.Key(caller.userId(), path, header(request));
    byte[] body = request.getEntityStream().readAllBytes();
    request.setEntityStream(new ByteArrayInputStream(body));
    request.setProperty(
        REQUEST_ID, Sha256.hex(key.person() + "\n" + path + "\n" + key.key()).substring(0, 32));
    switch (claim(key, Sha256.hex(body))) {
      case IdempotencyStore.Claim.Fresh _ -> request.setProperty(CLAIMED, key);
      case IdempotencyStore.Claim.Replay replay -> {
        // Attack: an answer is asked for again by somebody whose role was taken away since.
        replay.needs().forEach(need -> Permit.check(caller, need.role(), need.project()));
        request.abortWith(answer(replay));
      }
      case IdempotencyStore.Claim.OtherBody _ ->
          throw ProblemException.of(
              ErrorCode.IDEMPOTENCY_KEY_REUSED,
              "this Idempotency-Key was used here with another body",
              "make a new key for a new request; a key is kept for 24 hours");
      case IdempotencyStore.Claim.InProgress _ ->
          throw ProblemException.later(
              ErrorCode.CONFLICT,
              "the first request with this Idempotency-Key is still at work",
              "send it again in a moment",
              1);
    }
  }

  private static boolean exempt(ResourceInfo resource) {
    return resource.getResourceMethod() == null
        || resource.getResourceMethod().isAnnotationPresent(Open.class)
        || resource.getResourceMethod().isAnnotationPresent(NoIdempotencyKey.class);
  }

  private static String header(ContainerRequestContext request) {
    String key = request.getHeaderString(HEADER);
    if (key == null || !KEY.matcher(key).matches()) {
      throw ProblemException.of(
          ErrorCode.IDEMPOTENCY_KEY_REQUIRED,
          key == null
              ? "the header Idempotency-Key is missing"
              : "the Idempotency-Key is malformed",
          "send 1 to 200 visible ASCII characters, new for each new request (a UUID is fine)");
    }
    return key;
  }

  private IdempotencyStore.Claim claim(IdempotencyStore.Key key, String bodySha256) {
    long deadline = System.nanoTime() + WAIT_MS_MAX * 1_000_000;
    while (true) {
      IdempotencyStore.Claim claim = store.begin(key, bodySha256);
      boolean again = claim instanceof IdempotencyStore.Claim.InProgress;
      if (!again || System.nanoTime() > deadline) {
        return claim;
      }
      LockSupport.parkNanos(LOOK_AGAIN_MS * 1_000_000);
    }
  }

  private static Response answer(IdempotencyStore.Claim.Replay replay) {
    Response.ResponseBuilder response = Response.status(replay.status());
    if (replay.contentType() != null) {
      response.type(replay.contentType()).entity(replay.body().getBytes(StandardCharsets.UTF_8));
    }
    return response.header("Idempotency-Replayed", "true").build();
  }

  @Override
  public void filter(ContainerRequestContext request, ContainerResponseContext response) {
    if (!(request.getProperty(CLAIMED) instanceof IdempotencyStore.Key key)) {
      return;
    }
    request.removeProperty(CLAIMED);
    try {
      if (response.getStatus() >= 500 || response.getStatus() == 429 || underWay(response)) {
        store.abandon(key);
        return;
      }
      keep(key, response, Permit.needs(request));
    } catch (RunLog.LogUnavailableException e) {
      // The effect is made and known by the request id; only the shortcut is lost.
      LOG.warn("an answer could not be kept for its Idempotency-Key: {}", e.getMessage());
      store.abandon(key);
    }
  }

  /** What is under way is over soon, and then this is no answer. */
  private static boolean underWay(ContainerResponseContext response) {
    return response.getEntity() instanceof Problem problem
        && problem.code().equals(ErrorCode.ROLLBACK_UNDER_WAY.word());
  }

  private void keep(
      IdempotencyStore.Key key,
      ContainerResponseContext response,
      List<IdempotencyStore.Need> needs) {
    Object entity = response.getEntity();
    if (entity == null) {
      store.finish(key, response.getStatus(), null, "", needs);
      return;
    }
    MediaType type =
        response.getMediaType() == null ? MediaType.APPLICATION_JSON_TYPE : response.getMediaType();
    // Attack: a password or token that was shown once is read from the database.
    String kept =
        write(entity instanceof PeopleBodies.ShownOnce secret ? secret.withoutSecret() : entity);
    store.finish(key, response.getStatus(), type.toString(), kept, needs);
    response.setEntity(
        write(entity).getBytes(StandardCharsets.UTF_8), response.getEntityAnnotations(), type);
  }

  private String write(Object entity) {
    try {
      return mapper.writeValueAsString(entity);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write " + entity.getClass().getName(), e);
    }
  }
}
