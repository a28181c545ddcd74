package dev.helm.service.rest;

import dev.helm.api.rest.ErrorCode;
import dev.helm.service.auth.Caller;
import dev.helm.service.auth.Tokens;
import dev.helm.service.store.Access;
import io.dropwizard.auth.AuthFilter;
import jakarta.annotation.Priority;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.SecurityContext;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lets nobody in without a valid token but where a call is {@link Open}. */
@Priority(Priorities.AUTHENTICATION)
public final class TokenFilter extends AuthFilter<String, Caller> {
  private static final String SCHEME = "Bearer";

  @Context private @Nullable ResourceInfo resource;

  private final Tokens tokens;

  private TokenFilter(Tokens tokens) {
    this.tokens = tokens;
  }

  /** A filter with what checks tokens. */
  public static TokenFilter of(Tokens tokens) {
    return new Builder(tokens)
        .setAuthenticator(token -> Optional.ofNullable(tokens.caller(token)))
        .buildAuthFilter();
  }

  @Override
  public void filter(ContainerRequestContext request) {
    Method method = resource == null ? null : resource.getResourceMethod();
    if (method != null && method.isAnnotationPresent(Open.class)) {
      return;
    }
    if (method != null && method.isAnnotationPresent(Download.class) && ticket(request)) {
      return;
    }
    List<String> headers = request.getHeaders().getOrDefault(HttpHeaders.AUTHORIZATION, List.of());
    if (!authenticate(request, token(headers), SCHEME)) {
      throw ProblemException.of(
          ErrorCode.UNAUTHENTICATED,
          headers.isEmpty() ? "this call needs a token" : "the token is not valid, or has ended",
          "log in with POST /api/auth/login (helm login) and send Authorization: Bearer TOKEN");
    }
    // Attack: whoever made a password for somebody goes on using it in that person's name.
    if (caller(request.getSecurityContext()).passwordIsOnce()
        && (method == null || !method.isAnnotationPresent(EvenWithOncePassword.class))) {
      throw ProblemException.of(
          ErrorCode.PASSWORD_CHANGE_REQUIRED,
          "this password was made for you and is good for one log-in",
          "choose your own first: helm user password");
    }
  }

  /** A link in a browser sends no header: a ticket for exactly this path, good once, does. */
  private boolean ticket(ContainerRequestContext request) {
    List<String> given = request.getUriInfo().getQueryParameters().get("ticket");
    if (given == null) {
      return false;
    }
    String query = String.valueOf(request.getUriInfo().getRequestUri().getRawQuery());
    String rest = query.replaceAll("(^|&)ticket=[^&]*", "").replaceFirst("^&", "");
    String path = request.getUriInfo().getRequestUri().getRawPath();
    Tokens.Admitted admitted =
        given.size() == 1 ? tokens.admit(given.getFirst(), Tokens.Purpose.DOWNLOAD) : null;
    if (admitted == null
        || admitted.caller().passwordIsOnce()
        || !(rest.isEmpty() ? path : path + "?" + rest).equals(admitted.path())) {
      throw ProblemException.of(
          ErrorCode.UNAUTHENTICATED,
          "the ticket is not valid, was used, or is for another path",
          "POST /api/auth/ticket gives one; it is good once within 60 s");
    }
    request.setSecurityContext(new Ticketed(admitted.caller()));
    return true;
  }

  private record Ticketed(Caller caller) implements SecurityContext {
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
      return "ticket";
    }
  }

  /** The token of the one header that there may be, or null. */
  private static @Nullable String token(List<String> headers) {
    String header = headers.size() == 1 ? headers.getFirst() : "";
    boolean bearer = header.regionMatches(true, 0, SCHEME + " ", 0, SCHEME.length() + 1);
    return bearer ? header.substring(SCHEME.length() + 1).strip() : null;
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

  private static final class Builder extends AuthFilterBuilder<String, Caller, TokenFilter> {
    private final Tokens tokens;

    Builder(Tokens tokens) {
      this.tokens = tokens;
    }

    @Override
    protected TokenFilter newInstance() {
      return new TokenFilter(tokens);
    }
  }
}
