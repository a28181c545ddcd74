package dev.helm.service.rest;

import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.auth.Caller;
import dev.helm.service.auth.LoginLimits;
import dev.helm.service.auth.Passwords;
import dev.helm.service.auth.Tokens;
import dev.helm.service.store.UserStore;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.SecurityContext;
import org.jspecify.annotations.Nullable;

/** Logging in and out, and tickets for what cannot send a header. */
@Path("/api/auth")
@Tag(name = "auth")
@Produces(MediaType.APPLICATION_JSON)
public final class AuthResource {
  private final UserStore users;
  private final Passwords passwords;
  private final Tokens tokens;
  private final LoginLimits limits;
  private final Runnable afterLogout;

  /** With what checks people. */
  public AuthResource(
      UserStore users,
      Passwords passwords,
      Tokens tokens,
      LoginLimits limits,
      Runnable afterLogout) {
    this.users = users;
    this.passwords = passwords;
    this.tokens = tokens;
    this.limits = limits;
    this.afterLogout = afterLogout;
  }

  /** A token for a name and a password. */
  @POST
  @Path("/login")
  @Open
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "Log in: a token for 24 hours")
  public Bodies.LoginResponse login(Bodies.LoginRequest request, @Context HttpServletRequest http) {
    String device = device(request.device());
    String name = request.username();
    boolean tooLong = name.length() > 100 || request.password().length() > Passwords.CHARS_MAX;
    String account = tooLong ? "" : name;
    long seconds = limits.secondsToWait(http.getRemoteAddr(), account);
    if (seconds > 0) {
      throw ProblemException.later(
          ErrorCode.TOO_MANY_REQUESTS,
          "too many log-ins",
          "wait "
              + seconds
              + " s; an address may try "
              + LoginLimits.ADDRESS_PER_MINUTE
              + " times a minute",
          seconds);
    }
    UserStore.User user = tooLong ? null : users.byName(name);
    boolean right =
        user == null
            ? passwords.matchesNobody(tooLong ? "" : request.password())
            : passwords.matches(request.password(), user.passwordHash());
    if (user == null || !right) {
      limits.failed(account);
      throw ProblemException.of(
          ErrorCode.BAD_CREDENTIALS,
          "the name or the password is wrong",
          "the first owner's are in owner.credentials in Helm's home");
    }
    Tokens.Signed token = tokens.session(user, device);
    return new Bodies.LoginResponse(
        token.text(), token.expiresAt().toString(), new Bodies.User(user.id(), user.name()));
  }

  /** Takes the token back. */
  @POST
  @Path("/logout")
  @NoIdempotencyKey
  @Operation(summary = "Log out: the token is taken back")
  public Bodies.Accepted logout(@Context SecurityContext security) {
    Caller caller = TokenFilter.caller(security);
    tokens.revoke(caller);
    afterLogout.run();
    return new Bodies.Accepted(caller.tokenId(), "revoked");
  }

  /** A signed text for an address, good once. */
  @POST
  @Path("/ticket")
  @NoIdempotencyKey
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "A ticket for the stream or a download: single use, 60 s")
  public Bodies.TicketResponse ticket(
      Bodies.TicketRequest request, @Context SecurityContext security) {
    Tokens.Purpose purpose =
        switch (request.purpose()) {
          case "stream" -> Tokens.Purpose.STREAM;
          case "download" -> Tokens.Purpose.DOWNLOAD;
          default ->
              throw ProblemException.member("for", "expected \"stream\" or \"download\"", null);
        };
    String path = request.path();
    if (purpose == Tokens.Purpose.STREAM && path != null) {
      throw ProblemException.member("path", "a ticket for the stream has none", null);
    }
    if (purpose == Tokens.Purpose.DOWNLOAD
        && (path == null || path.length() > 1000 || !path.startsWith("/api/"))) {
      throw ProblemException.member(
          "path", "expected the path that is to be downloaded", "it begins with /api/");
    }
    Tokens.Signed ticket = tokens.ticket(TokenFilter.caller(security), purpose, path);
    return new Bodies.TicketResponse(ticket.text(), ticket.expiresAt().toString());
  }

  private static @Nullable String device(@Nullable String device) {
    return device == null ? null : Params.line("device", device, 64);
  }
}
