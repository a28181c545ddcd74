package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.auth.Caller;
import dev.helm.service.store.Access;
import dev.helm.service.store.InboxStore;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.SecurityContext;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What waits for a person, and the person's answer. */
@Path("/api")
@Tag(name = "inbox")
@Produces(MediaType.APPLICATION_JSON)
public final class InboxResource {
  private static final List<String> UNKNOWN_ANSWERS = List.of("happened", "again", "stop");

  private final InboxStore inbox;
  private final RunControl control;
  private final CommitWaiter commits;

  /** With where items are, what reaches the workflows, and what tells of commits. */
  public InboxResource(InboxStore inbox, RunControl control, CommitWaiter commits) {
    this.inbox = inbox;
    this.control = control;
    this.commits = commits;
  }

  /** Open items. */
  @GET
  @Path("/inbox")
  @Operation(summary = "Everything that waits for a person, oldest first")
  public Bodies.Page<Bodies.InboxItem> list(
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("cursor") @Nullable String cursor,
      @Context SecurityContext security) {
    return inbox.list(TokenFilter.access(security), Params.limit(limit), cursor);
  }

  /** One permission. */
  @GET
  @Path("/permissions/{id}")
  @Operation(summary = "A permission in whatever state")
  public Bodies.Permission permission(
      @PathParam("id") String id, @Context SecurityContext security) {
    return permission(TokenFilter.access(security), id);
  }

  private Bodies.Permission permission(Access access, String id) {
    Bodies.Permission permission = id.length() > 100 ? null : inbox.permission(access, id);
    if (permission == null) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND, "there is no such permission", "GET /api/inbox lists the open ones");
    }
    return permission;
  }

  /** Allows or denies. */
  @POST
  @Path("/permissions/{id}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "Allow or deny; argumentsHash is required for allow")
  @ApiResponse(responseCode = "200", useReturnTypeSchema = true, description = "decided")
  @ApiResponse(responseCode = "202", useReturnTypeSchema = true, description = "not yet applied")
  public Bodies.Permission decide(
      @PathParam("id") String id, Bodies.Decide request, @Context ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    Bodies.Permission before = permission(caller.access(), id);
    Permit.require(context, Role.APPROVER, before.item().project());
    check(request);
    if (before.state().equals("open")) {
      requireFresh(request, before);
      control.decide(
          before.run(),
          id,
          request.decision(),
          hash(before),
          request.reason(),
          caller.name(),
          caller.device(),
          IdempotencyFilter.requestId(context));
    }
    Bodies.Permission after =
        commits.await(
            () -> permission(caller.access(), id),
            permission -> !permission.state().equals("open"));
    return answer(request, after, context);
  }

  /** Answers a question. */
  @POST
  @Path("/questions/{id}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "Answer a question; for an unknown outcome: happened, again or stop")
  @ApiResponse(responseCode = "200", useReturnTypeSchema = true, description = "answered")
  @ApiResponse(responseCode = "202", useReturnTypeSchema = true, description = "not yet applied")
  public Bodies.Accepted answer(
      @PathParam("id") String id,
      Bodies.AnswerQuestion request,
      @Context ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    InboxStore.Question before = question(caller.access(), id);
    Permit.require(context, Role.APPROVER, before.item().project());
    String answer = Params.text("answer", request.answer(), 10_000);
    if (before.kind().equals("unknown") && !UNKNOWN_ANSWERS.contains(answer)) {
      throw ProblemException.member(
          "answer", "expected one of " + String.join(", ", UNKNOWN_ANSWERS), null);
    }
    requireOption(before.item(), answer);
    if (before.state().equals("open")) {
      control.answer(before.run(), id, answer, caller.name(), IdempotencyFilter.requestId(context));
    }
    InboxStore.Question after =
        commits.await(
            () -> question(caller.access(), id), question -> !question.state().equals("open"));
    return switch (after.state()) {
      case "open" -> {
        StatusFilter.answer(context, Response.Status.ACCEPTED);
        yield new Bodies.Accepted(id, "accepted");
      }
      case "answered" -> {
        if (!answer.equals(after.answer())) {
          throw ProblemException.of(
              ErrorCode.ALREADY_DECIDED,
              "somebody else has answered first",
              "the first answer stands");
        }
        yield new Bodies.Accepted(id, "answered");
      }
      default -> throw expired("question");
    };
  }

  /** Where the agent gave options and wants no other words, the answer is one of them. */
  private static void requireOption(Bodies.InboxItem asked, String answer) {
    List<String> options = asked.options();
    if (options != null
        && !options.isEmpty()
        && !Boolean.TRUE.equals(asked.freeText())
        && !options.contains(answer)) {
      throw ProblemException.of(
          ErrorCode.NOT_AN_OPTION,
          "the answer is none of the options: " + String.join(", ", options),
          "the agent wants one of them; steer the run to say something else");
    }
  }

  private static void check(Bodies.Decide request) {
    if (request.arguments() != null) {
      throw notYet("arguments", "edited arguments are");
    }
    if (request.remember() != null) {
      throw notYet("remember", "a remembered rule is");
    }
    boolean allow = request.decision().equals("allow");
    if (!allow && !request.decision().equals("deny")) {
      throw ProblemException.member("decision", "expected \"allow\" or \"deny\"", null);
    }
    String hash = request.argumentsHash();
    if (hash == null && allow) {
      throw ProblemException.member(
          "argumentsHash",
          "is missing; it is required for allow",
          "send what the inbox item shows");
    }
    if (hash != null && !hash.matches("[0-9a-f]{64}")) {
      throw ProblemException.member("argumentsHash", "expected 64 lower-case hex digits", null);
    }
    if (request.reason() != null) {
      Params.text("reason", request.reason(), 1_000);
    }
  }

  private static void requireFresh(Bodies.Decide request, Bodies.Permission asked) {
    if (request.argumentsHash() != null && !request.argumentsHash().equals(hash(asked))) {
      throw ProblemException.of(
          ErrorCode.STALE,
          "what you saw is not what is asked now",
          "look at the permission again and decide on its present arguments");
    }
  }

  private static String hash(Bodies.Permission permission) {
    String hash = permission.item().argumentsHash();
    if (hash == null) {
      throw new IllegalStateException("a permission without the hash of its arguments");
    }
    return hash;
  }

  private static Bodies.Permission answer(
      Bodies.Decide request, Bodies.Permission after, ContainerRequestContext context) {
    return switch (after.state()) {
      case "open" -> {
        StatusFilter.answer(context, Response.Status.ACCEPTED);
        yield new Bodies.Permission(
            after.id(), after.run(), "accepted", after.item(), after.winner());
      }
      case "decided" -> {
        Bodies.Winner winner = after.winner();
        if (winner == null) {
          throw new IllegalStateException("a decision without who decided");
        }
        if (!winner.decision().equals(request.decision())) {
          throw ProblemException.lost(
              winner.by().user() + " has decided otherwise first: " + winner.decision(), winner);
        }
        requireFresh(request, after);
        yield after;
      }
      default -> throw expired("permission");
    };
  }

  private InboxStore.Question question(Access access, String id) {
    InboxStore.Question question = id.length() > 100 ? null : inbox.question(access, id);
    if (question == null) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND, "there is no such question", "GET /api/inbox lists the open ones");
    }
    return question;
  }

  private static ProblemException expired(String what) {
    return ProblemException.of(
        ErrorCode.EXPIRED,
        "the " + what + " has expired, or its run has ended",
        "the run's log says what happened instead");
  }

  private static ProblemException notYet(String member, String what) {
    return ProblemException.of(
        ErrorCode.NOT_SUPPORTED_YET,
        "\"" + member + "\": " + what + " not yet supported",
        "leave it out");
  }
}
