package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.auth.Caller;
import dev.helm.service.store.Access;
import dev.helm.service.store.InboxStore;
import dev.helm.workflows.Signals;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A person's decision on one tool call. Who came first is read back from the log. */
@Path("/api/permissions")
@Tag(name = "inbox")
@Produces(MediaType.APPLICATION_JSON)
public final class PermissionsResource {
  private final InboxStore inbox;
  private final RunControl control;
  private final CommitWaiter commits;
  private final DecisionCheck check;

  /** With where permissions are, what reaches the workflows, and what tells of commits. */
  public PermissionsResource(
      InboxStore inbox, RunControl control, CommitWaiter commits, DecisionCheck check) {
    this.inbox = inbox;
    this.control = control;
    this.commits = commits;
    this.check = check;
  }

  /** One permission. */
  @GET
  @Path("/{id}")
  @Operation(summary = "A permission in whatever state")
  public DecisionBodies.Permission permission(
      @PathParam("id") String id, @Context SecurityContext security) {
    return permission(TokenFilter.access(security), id);
  }

  private DecisionBodies.Permission permission(Access access, String id) {
    DecisionBodies.Permission permission = id.length() > 100 ? null : inbox.permission(access, id);
    if (permission == null) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND, "there is no such permission", "helm inbox lists the open ones");
    }
    return permission;
  }

  /** Allows or denies. */
  @POST
  @Path("/{id}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Allow or deny; argumentsHash is required for allow",
      description =
          "With arguments, what runs are these instead; with remember, calls like it are not asked"
              + " again. Where several people must allow, 202 says how many have.")
  @ApiResponse(responseCode = "200", useReturnTypeSchema = true, description = "decided")
  @ApiResponse(
      responseCode = "202",
      useReturnTypeSchema = true,
      description = "not yet applied, or more people must allow")
  public DecisionBodies.Permission decide(
      @PathParam("id") String id,
      DecisionBodies.Decide request,
      @Context ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    DecisionBodies.Permission before = permission(caller.access(), id);
    String project = before.item().project();
    Permit.require(context, Role.APPROVER, project);
    DecisionCheck.shape(request);
    if (request.remember() != null && request.remember().scope().equals("blueprint")) {
      // It changes what every later run of the blueprint may do, as storing a version does.
      Permit.require(context, Role.OPERATOR, project);
    }
    requirePerson(request, before, caller);
    if (before.state().equals("open")) {
      requireFresh(request, before);
      Signals.Decide decision =
          check.decision(request, before, caller, IdempotencyFilter.requestId(context));
      String wanted = wanted(decision, before);
      control.decide(before.run(), decision);
      DecisionBodies.Permission after =
          commits.await(
              () -> permission(caller.access(), id),
              now ->
                  !now.state().equals("open")
                      || counted(now, caller, wanted)
                      || !hash(now).equals(hash(before)));
      return answer(request, after, caller, wanted, context);
    }
    return answer(request, before, caller, null, context);
  }

  /**
   * Attack: one person allows, and once more with a service token made for it, where two people
   * have to.
   */
  private static void requirePerson(
      DecisionBodies.Decide request, DecisionBodies.Permission asked, Caller caller) {
    DecisionBodies.Asked about = asked.item().asked();
    int need = about == null ? 1 : about.need();
    if (need > 1 && request.decision().equals("allow") && caller.kind() != Caller.Kind.PERSON) {
      throw ProblemException.of(
          ErrorCode.FORBIDDEN,
          "a service token does not count here: " + need + " people have to allow this",
          "log in as a person to allow it; a service token can deny it");
    }
  }

  /** The hash of what this caller wants to run. */
  private static String wanted(Signals.Decide decision, DecisionBodies.Permission asked) {
    Signals.Edited edited = decision.edited();
    return edited == null ? hash(asked) : edited.argumentsHash();
  }

  /** Whether this caller's allow is one of those that the log counts. */
  private static boolean counted(DecisionBodies.Permission now, Caller caller, String wanted) {
    DecisionBodies.Asked asked = now.item().asked();
    return asked != null && asked.approvals().contains(caller.name()) && hash(now).equals(wanted);
  }

  private static void requireFresh(DecisionBodies.Decide request, DecisionBodies.Permission asked) {
    if (request.argumentsHash() != null && !request.argumentsHash().equals(hash(asked))) {
      throw stale();
    }
  }

  private static ProblemException stale() {
    return ProblemException.of(
        ErrorCode.STALE,
        "what you saw is not what is asked now",
        "look at the permission again and decide on its present arguments");
  }

  private static String hash(DecisionBodies.Permission permission) {
    return Objects.requireNonNull(
        permission.item().argumentsHash(), "a permission without the hash of its arguments");
  }

  private static DecisionBodies.Permission answer(
      DecisionBodies.Decide request,
      DecisionBodies.Permission after,
      Caller caller,
      @Nullable String wanted,
      ContainerRequestContext context) {
    return switch (after.state()) {
      case "open" -> {
        boolean mine = wanted != null && counted(after, caller, wanted);
        if (!mine && wanted != null && !hash(after).equals(wanted)) {
          requireFresh(request, after);
        }
        StatusFilter.answer(context, Response.Status.ACCEPTED);
        yield mine ? after : accepted(after);
      }
      case "decided" -> {
        decidedOtherwise(request, after, caller, wanted);
        yield after;
      }
      default -> throw InboxResource.expired("permission");
    };
  }

  private static DecisionBodies.Permission accepted(DecisionBodies.Permission open) {
    return new DecisionBodies.Permission(
        open.id(),
        open.run(),
        "accepted",
        open.item(),
        open.winner(),
        open.have(),
        open.need(),
        null,
        null,
        null);
  }

  /** Throws when what was decided is not what this caller asked for. */
  private static void decidedOtherwise(
      DecisionBodies.Decide request,
      DecisionBodies.Permission after,
      Caller caller,
      @Nullable String wanted) {
    DecisionBodies.Winner winner = after.winner();
    if (winner == null) {
      throw new IllegalStateException("a decision without who decided");
    }
    String by = winner.by().user();
    if (!winner.decision().equals(request.decision())) {
      throw ProblemException.lost(
          by + " has decided otherwise first: " + winner.decision(), winner);
    }
    if (request.decision().equals("deny")) {
      return;
    }
    String decided = after.argumentsHash() == null ? hash(after) : after.argumentsHash();
    boolean sawIt =
        Objects.equals(request.argumentsHash(), hash(after))
            || Objects.equals(request.argumentsHash(), decided);
    if (!sawIt) {
      throw stale();
    }
    boolean edits = request.arguments() != null || after.arguments() != null;
    boolean same =
        wanted != null
            ? decided.equals(wanted)
            : !edits || decided.equals(request.argumentsHash()) || by.equals(caller.name());
    if (!same) {
      throw ProblemException.lost(by + " has allowed it first with other arguments", winner);
    }
    DecisionBodies.Remember remember = request.remember();
    if (remember != null && !by.equals(caller.name()) && !remembers(after, remember)) {
      throw ProblemException.lost(by + " has allowed it first without that rule", winner);
    }
  }

  private static boolean remembers(
      DecisionBodies.Permission after, DecisionBodies.Remember wanted) {
    return after.remembered() != null
        && after.remembered().rule().equals(wanted.rule())
        && after.remembered().scope().equals(wanted.scope());
  }
}
