package dev.helm.service.rest;

import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.PeopleBodies;
import dev.helm.service.audit.AuditTrail;
import dev.helm.service.auth.Caller;
import dev.helm.service.auth.ClientAddress;
import dev.helm.service.auth.LogIn;
import dev.helm.service.auth.Tokens;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.SecurityContext;
import java.util.function.Supplier;

/** Logging in and out, and tickets for what cannot send a header. */
@Path("/api/auth")
@Tag(name = "auth")
@Produces(MediaType.APPLICATION_JSON)
public final class AuthResource {
  private final LogIn logIn;
  private final Tokens tokens;
  private final Runnable sessionsEnded;
  private final AuditTrail trail;

  /** With what checks people, what closes the sockets of ended sessions, and the audit log. */
  public AuthResource(LogIn logIn, Tokens tokens, Runnable sessionsEnded, AuditTrail trail) {
    this.logIn = logIn;
    this.tokens = tokens;
    this.sessionsEnded = sessionsEnded;
    this.trail = trail;
  }

  /** A token for a name and a password. */
  @POST
  @Path("/login")
  @Open
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "Log in: a token for 24 hours; {device} names the device and registers it")
  public PeopleBodies.LoginResponse login(
      PeopleBodies.LoginRequest request, @Context HttpServletRequest http) {
    String device = request.device() == null ? null : Params.line("device", request.device(), 64);
    ClientAddress client = FrontFilter.client(http);
    return letIn(
        request.username(),
        client,
        false,
        () -> logIn.withPassword(request.username(), request.password(), device, client));
  }

  /** Takes the token back. */
  @POST
  @Path("/logout")
  @NoIdempotencyKey
  @EvenWithOncePassword
  @Operation(summary = "Log out: the token is taken back")
  public Bodies.Accepted logout(@Context SecurityContext security) {
    Caller caller = TokenFilter.caller(security);
    tokens.revoke(caller);
    sessionsEnded.run();
    return new Bodies.Accepted(caller.tokenId(), "revoked");
  }

  /** Another password of one's own. */
  @POST
  @Path("/password")
  @NoIdempotencyKey
  @EvenWithOncePassword
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Change one's own password; all other sessions end, the answer has a new one")
  public PeopleBodies.LoginResponse changePassword(
      PeopleBodies.ChangePassword request,
      @Context ContainerRequestContext context,
      @Context HttpServletRequest http) {
    Caller caller = Permit.person(context);
    try {
      return response(
          logIn.changePassword(
              caller, request.password(), request.newPassword(), FrontFilter.client(http)));
    } catch (LogIn.UnfitException e) {
      throw ProblemException.member("newPassword", String.valueOf(e.getMessage()), null);
    } finally {
      sessionsEnded.run();
    }
  }

  /** A text for a paired device to sign. */
  @POST
  @Path("/challenge")
  @Open
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "A text that a paired device signs to refresh its token: once, 60 s")
  public PeopleBodies.Challenge challenge(
      PeopleBodies.ChallengeRequest request, @Context HttpServletRequest http) {
    logIn.countRefresh(FrontFilter.client(http));
    Tokens.Signed text = tokens.challenge(Params.line("device", request.device(), 64));
    return new PeopleBodies.Challenge(text.text(), text.expiresAt().toString());
  }

  /** The next token of a paired device. */
  @POST
  @Path("/refresh")
  @Open
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "A new token for a paired device, which proves its key")
  public PeopleBodies.LoginResponse refresh(
      PeopleBodies.RefreshRequest request, @Context HttpServletRequest http) {
    ClientAddress client = FrontFilter.client(http);
    return letIn(
        "device:" + request.device(),
        client,
        true,
        () -> logIn.withKey(request.device(), request.challenge(), request.signature(), client));
  }

  /** A signed text for an address, good once. */
  @POST
  @Path("/ticket")
  @NoIdempotencyKey
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "A ticket for the stream or a download: single use, 60 s")
  public PeopleBodies.TicketResponse ticket(
      PeopleBodies.TicketRequest request, @Context SecurityContext security) {
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
    return new PeopleBodies.TicketResponse(ticket.text(), ticket.expiresAt().toString());
  }

  /** Who was let in, or not, is on disk before the answer is sent. */
  private PeopleBodies.LoginResponse letIn(
      String name, ClientAddress client, boolean refreshed, Supplier<LogIn.LoggedIn> check) {
    LogIn.LoggedIn in;
    try {
      in = check.get();
    } catch (LogIn.RefusedException e) {
      trail.notLetIn(
          name, client.key(), e.retryAfterSeconds() > 0 ? "too many tries" : "name or proof wrong");
      throw e;
    }
    trail.loggedIn(
        refreshed,
        in.user().name(),
        in.user().id(),
        in.device() == null ? null : in.device().name(),
        client.key());
    return response(in);
  }

  private static PeopleBodies.LoginResponse response(LogIn.LoggedIn in) {
    return new PeopleBodies.LoginResponse(
        in.token().text(),
        in.token().expiresAt().toString(),
        new PeopleBodies.User(in.user().id(), in.user().name()),
        in.device() == null ? null : in.device().id());
  }
}
