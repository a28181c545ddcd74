package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.RunStatus;
import dev.helm.api.Usd;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.auth.Caller;
import dev.helm.service.files.EpochFailure;
import dev.helm.service.store.Access;
import dev.helm.service.store.MessageStore;
import dev.helm.service.store.RunQueries;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a person does to a run at work: messages, pause, resume, cancel, more money. */
@Path("/api/runs")
@Tag(name = "steering")
@Produces(MediaType.APPLICATION_JSON)
public final class SteeringResource {
  private static final Logger LOG = LoggerFactory.getLogger(SteeringResource.class);
  private static final Usd RAISE_MAX = new Usd(100_000_000_000L);

  private final RunQueries runs;
  private final MessageStore messages;
  private final RunControl control;
  private final Backend backend;

  /** With where runs and messages are, and what reaches the workflows. */
  public SteeringResource(
      RunQueries runs, MessageStore messages, RunControl control, Backend backend) {
    this.runs = runs;
    this.backend = backend;
    this.messages = messages;
    this.control = control;
  }

  /** Queues a message. */
  @POST
  @Path("/{id}/messages")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "Steer: text that the agent reads at its next turn, or now")
  @ApiResponse(responseCode = "201", useReturnTypeSchema = true, description = "queued")
  public Bodies.Message send(
      @PathParam("id") String id,
      Bodies.SendMessage request,
      @Context ContainerRequestContext context) {
    String run = active(id, context);
    String when = Objects.requireNonNullElse(request.when(), "next");
    if (!when.equals("next") && !when.equals("now")) {
      throw ProblemException.member("when", "expected \"next\" or \"now\"", null);
    }
    String text = Params.text("text", request.text(), 10_000);
    String messageId = IdempotencyFilter.requestId(context);
    Bodies.Message message = messages.queue(run, messageId, text, when, caller(context).name());
    try {
      control.message(run, messageId, when);
    } catch (EpochFailure e) {
      // A rollback began meanwhile: what is stored and unread is carried into the next epoch.
      LOG.debug("message {} of run {} goes to its next epoch", messageId, run, e);
    }
    StatusFilter.answer(context, Response.Status.CREATED);
    return message;
  }

  /** All messages. */
  @GET
  @Path("/{id}/messages")
  @Operation(summary = "A run's messages with their read receipts")
  public Bodies.Page<Bodies.Message> list(
      @PathParam("id") String id, @Context SecurityContext security) {
    Access access = TokenFilter.access(security);
    return new Bodies.Page<>(messages.list(access, Params.run(runs, access, id)), null);
  }

  /** Takes a message back. */
  @DELETE
  @Path("/{id}/messages/{message}")
  @Operation(summary = "Cancel a message that was not yet read")
  public Bodies.Message cancelMessage(
      @PathParam("id") String id,
      @PathParam("message") String messageId,
      @Context SecurityContext security) {
    Access access = TokenFilter.access(security);
    String run = Params.run(runs, access, id);
    Permit.check(TokenFilter.caller(security), Role.OPERATOR, read(access, run).project());
    String by = TokenFilter.caller(security).name();
    switch (messages.cancel(run, messageId, by)) {
      case CANCELLED -> control.cancelMessage(run, messageId, by);
      case ALREADY_CANCELLED -> {}
      case ALREADY_READ ->
          throw ProblemException.of(
              ErrorCode.ALREADY_READ,
              "the agent has read this message already",
              "send another one that corrects it");
      case NOT_FOUND -> throw noMessage();
    }
    Bodies.Message message = messages.message(access, run, messageId);
    if (message == null) {
      throw noMessage();
    }
    return message;
  }

  /** Stops before the next action. */
  @POST
  @Path("/{id}/pause")
  @Operation(summary = "Pause after the running tool")
  @ApiResponse(responseCode = "202", useReturnTypeSchema = true, description = "accepted")
  public Bodies.Accepted pause(
      @PathParam("id") String id, @Context ContainerRequestContext context) {
    return signalled(id, context, control::pause);
  }

  /** Goes on. */
  @POST
  @Path("/{id}/resume")
  @Operation(
      summary =
          "Go on after a pause; a run that failed or was cancelled goes on from where it stands")
  @ApiResponse(responseCode = "202", useReturnTypeSchema = true, description = "accepted")
  public Bodies.Accepted resume(
      @PathParam("id") String id, @Context ContainerRequestContext context) {
    Access access = caller(context).access();
    Bodies.Run run = read(access, Params.run(runs, access, id));
    if (run.status() == RunStatus.FAILED || run.status() == RunStatus.CANCELLED) {
      Permit.require(context, Role.OPERATOR, run.project());
      RollbackResource.done(() -> backend.epochs().restart(run.id(), caller(context).name()));
      StatusFilter.answer(context, Response.Status.ACCEPTED);
      return new Bodies.Accepted(run.id(), "accepted");
    }
    return signalled(id, context, control::resume);
  }

  /** Ends the run. */
  @POST
  @Path("/{id}/cancel")
  @Operation(summary = "Cancel: the run ends")
  @ApiResponse(responseCode = "202", useReturnTypeSchema = true, description = "accepted")
  public Bodies.Accepted cancel(
      @PathParam("id") String id, @Context ContainerRequestContext context) {
    return signalled(id, context, control::cancel);
  }

  /** More money. */
  @POST
  @Path("/{id}/budget")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(summary = "Raise the run's cap and go on")
  public Bodies.Run raise(
      @PathParam("id") String id,
      Bodies.RaiseBudget request,
      @Context ContainerRequestContext context) {
    String run = active(id, context);
    Usd add = request.addUsd();
    if (add.compareTo(Usd.ZERO) <= 0 || add.compareTo(RAISE_MAX) > 0) {
      throw ProblemException.member(
          "addUsd", "expected more than 0 and at most 100000 dollars", null);
    }
    control.raiseBudget(run, add, caller(context).name(), IdempotencyFilter.requestId(context));
    return read(caller(context).access(), run);
  }

  private interface Signal {
    void send(String run, String by, String requestId);
  }

  private Bodies.Accepted signalled(String id, ContainerRequestContext context, Signal signal) {
    String run = active(id, context);
    signal.send(run, caller(context).name(), IdempotencyFilter.requestId(context));
    StatusFilter.answer(context, Response.Status.ACCEPTED);
    return new Bodies.Accepted(run, "accepted");
  }

  private String active(String id, ContainerRequestContext context) {
    Access access = caller(context).access();
    Bodies.Run run = read(access, Params.run(runs, access, id));
    Permit.require(context, Role.OPERATOR, run.project());
    RunStatus status = run.status();
    if (!status.active()) {
      throw ProblemException.of(
          ErrorCode.RUN_FINISHED,
          "the run has ended: " + status.word(),
          "start a new one, or read its log");
    }
    control.free(run.id());
    return run.id();
  }

  private Bodies.Run read(Access access, String run) {
    return Objects.requireNonNull(runs.run(access, run), "a resolved run is there");
  }

  private static Caller caller(ContainerRequestContext context) {
    return TokenFilter.caller(context.getSecurityContext());
  }

  private static ProblemException noMessage() {
    return ProblemException.of(
        ErrorCode.NOT_FOUND, "the run has no such message", "helm steer RUN lists them");
  }
}
