package dev.helm.service.rest;

import dev.helm.api.rest.ErrorCode;
import dev.helm.service.auth.Caller;
import dev.helm.service.auth.Tokens;
import dev.helm.service.store.Access;
import jakarta.annotation.Priority;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.SecurityContext;
import java.lang.reflect.Method;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lets nobody in without a valid token but where a call is {@link Open}. */
@Priority(Priorities.AUTHENTICATION)
public final class TokenFilter implements ContainerRequestFilter {
  private static final String SCHEME = "Bearer ";

  private final Tokens tokens;
  @Context private @Nullable ResourceInfo resource;

  /** With what checks tokens. */
  public TokenFilter(Tokens tokens) {
    this.tokens = tokens;
  }

  @Override
  public void filter(ContainerRequestContext request) {
    Method method = resource == null ? null : resource.getResourceMethod();
    if (method != null && method.isAnnotationPresent(Open.class)) {
      return;
    }
    List<String> headers = request.getHeaders().getOrDefault(HttpHeaders.AUTHORIZATION, List.of());
    Caller caller = headers.size() == 1 ? caller(headers.getFirst()) : null;
    if (caller == null) {
      throw ProblemException.of(
          ErrorCode.UNAUTHENTICATED,
          headers.isEmpty() ? "this call needs a token" : "the token is not valid, or has ended",
          "log in with POST /api/auth/login (helm login) and send Authorization: Bearer TOKEN");
    }
    request.setSecurityContext(new Known(caller));
  }

  private @Nullable Caller caller(String header) {
    boolean bearer = header.regionMatches(true, 0, SCHEME, 0, SCHEME.length());
    return bearer ? tokens.caller(header.substring(SCHEME.length()).strip()) : null;
  }

  /** The caller of an authenticated request. */
  static Caller caller(SecurityContext context) {
    if (context.getUserPrincipal() instanceof Caller caller) {
      return caller;
    }
    throw new IllegalStateException("the token filter has not run");
  }

  /** What the caller of an authenticated request may see. */
  static Access access(SecurityContext context) {
    return caller(context).access();
  }

  private record Known(Caller caller) implements SecurityContext {
    @Override
    public Caller getUserPrincipal() {
      return caller;
    }

    @Override
    public boolean isUserInRole(String role) {
      return false;
    }

    @Override
    public boolean isSecure() {
      return false;
    }

    @Override
    public String getAuthenticationScheme() {
      return "Bearer";
    }
  }
}
