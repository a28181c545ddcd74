package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
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

/** What waits for a person, and answers to questions. */
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
  public Bodies.Page<DecisionBodies.InboxItem> list(
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("cursor") @Nullable String cursor,
      @Context SecurityContext security) {
    return inbox.list(TokenFilter.access(security), Params.limit(limit), cursor);
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
      DecisionBodies.AnswerQuestion request,
      @Context ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    InboxStore.Question before = question(caller.access(), id);
    Permit.require(context, Role.APPROVER, before.item().project());
    String answer = Params.text("answer", request.answer(), 10_000);
    if (before.kind().equals("unknown") && !UNKNOWN_ANSWERS.contains(answer)) {
      throw ProblemException.member(
          "answer", "expected one of " + String.join(", ", UNKNOWN_ANSWERS), null);
    }
    if (before.kind().equals("unknown") && answer.equals("stop")) {
      // It cancels the run, which takes an operator wherever else it is asked for.
      Permit.require(context, Role.OPERATOR, before.item().project());
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
  private static void requireOption(DecisionBodies.InboxItem asked, String answer) {
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

  private InboxStore.Question question(Access access, String id) {
    InboxStore.Question question = id.length() > 100 ? null : inbox.question(access, id);
    if (question == null) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND, "there is no such question", "helm inbox lists the open ones");
    }
    return question;
  }

  static ProblemException expired(String what) {
    return ProblemException.of(
        ErrorCode.EXPIRED,
        "the " + what + " has expired, or its run has ended",
        "the run's log says what happened instead");
  }
}
