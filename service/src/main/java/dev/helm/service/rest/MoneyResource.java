package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.Usd;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.api.rest.Problem;
import dev.helm.service.auth.Caller;
import dev.helm.service.blueprint.Nearest;
import dev.helm.service.ledger.Budgets;
import dev.helm.service.ledger.Scope;
import dev.helm.service.ledger.UsageReport;
import dev.helm.service.store.Access;
import dev.helm.service.store.BlueprintStore;
import dev.helm.service.store.Cursor;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.SecurityContext;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Caps that many runs share, and what was spent. A single run's cap is raised with the run. */
@Path("/api")
@Tag(name = "money")
@Produces(MediaType.APPLICATION_JSON)
public final class MoneyResource {
  private static final Usd CAP_MAX = new Usd(100_000_000_000_000L);
  private static final String SCOPE =
      "^(installation|(project|blueprint):[a-z0-9][a-z0-9-]{0,63}"
          + "|account:(token:)?[a-z0-9][a-z0-9._-]{0,31})$";
  private static final String DAY = "^([0-9]{4}-[0-9]{2}-[0-9]{2}|today)$";
  private static final int DAYS_DEFAULT = 30;

  private final Budgets budgets;
  private final UsageReport usage;
  private final BlueprintStore blueprints;

  /** With where the sums are. */
  public MoneyResource(Budgets budgets, UsageReport usage, BlueprintStore blueprints) {
    this.budgets = budgets;
    this.usage = usage;
    this.blueprints = blueprints;
  }

  /** The caps. */
  @GET
  @Path("/budgets")
  @Operation(
      summary = "Every cap that you see, with what is spent, held and left",
      description =
          "Caps of your projects and their blueprints, and of your own account; those of the"
              + " installation and of other accounts for whoever sees all projects. Days and months"
              + " are those of the operator's time zone.")
  public Bodies.Page<MoneyBodies.Cap> listBudgets(@Context SecurityContext security) {
    Caller caller = TokenFilter.caller(security);
    return new Bodies.Page<>(budgets.list(caller.access(), caller.name()), null);
  }

  /** Sets caps. */
  @PUT
  @Path("/budgets/{scope}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary =
          "Set all caps of a scope: installation, project:NAME, blueprint:NAME or account:NAME",
      description =
          "Null or absent removes a cap; zero is refused, because pausing runs is not done with"
              + " money. A cap on a blueprint stands in place of the one in its definition. Runs"
              + " that waited for this money go on by themselves.")
  public Bodies.Page<MoneyBodies.Cap> setBudget(
      @PathParam("scope") @Parameter(schema = @Schema(type = "string", pattern = SCOPE))
          String name,
      MoneyBodies.SetCaps request,
      @Context ContainerRequestContext context) {
    Scope scope = scope(name);
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    switch (scope.kind()) {
      case PROJECT -> Permit.require(context, Role.OWNER, scope.name());
      case BLUEPRINT -> Permit.require(context, Role.OWNER, projectOf(scope.name(), caller));
      case ACCOUNT, INSTALLATION, RUN -> Permit.ownerOfAll(context);
    }
    if (scope.kind() == Scope.Kind.ACCOUNT && !budgets.accountExists(scope.name())) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND,
          "there is no person or service token of that name",
          "helm user list, helm token list; a token's account is account:token:NAME");
    }
    if (scope.kind() == Scope.Kind.PROJECT && !budgets.projectExists(scope.name())) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND,
          "there is no project \"" + scope.name() + "\"",
          "a project begins with its first blueprint or role; helm blueprint list");
    }
    checked("dayUsd", request.dayUsd());
    checked("monthUsd", request.monthUsd());
    checked("totalUsd", request.totalUsd());
    budgets.set(scope, request, caller.name());
    List<MoneyBodies.Cap> now =
        budgets.list(caller.access(), caller.name()).stream()
            .filter(budget -> budget.scope().equals(scope.toString()))
            .toList();
    return new Bodies.Page<>(now, null);
  }

  /** What was spent. */
  @GET
  @Path("/usage")
  @Operation(
      summary = "What was spent in your projects, by day, blueprint, model or user",
      description =
          "from and to are days (2026-11-23, or today) of the operator's time zone, both counted;"
              + " the last 30 days without them. A call counts on the day on which it began.")
  public Bodies.Page<MoneyBodies.UsageRow> usage(
      @QueryParam("by")
          @Parameter(
              schema =
                  @Schema(
                      type = "string",
                      allowableValues = {"day", "blueprint", "model", "user"}))
          @Nullable String by,
      @QueryParam("from") @Parameter(schema = @Schema(type = "string", pattern = DAY))
          @Nullable String from,
      @QueryParam("to") @Parameter(schema = @Schema(type = "string", pattern = DAY))
          @Nullable String to,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("cursor") @Nullable String cursor,
      @Context SecurityContext security) {
    Access access = TokenFilter.access(security);
    UsageReport.By key = by(by == null ? "day" : by);
    LocalDate last = to == null ? usage.today() : day("to", to);
    LocalDate first = from == null ? last.minusDays(DAYS_DEFAULT - 1L) : day("from", from);
    if (first.isAfter(last)) {
      throw ProblemException.member("from", "the first day is after the last one", null);
    }
    String kind = "usage-" + key.word();
    String after = Objects.requireNonNullElse(Cursor.read(kind, cursor), "");
    int most = Params.limit(limit);
    List<MoneyBodies.UsageRow> rows = usage.rows(access, key, first, last, after, most + 1);
    List<MoneyBodies.UsageRow> page = rows.subList(0, Math.min(most, rows.size()));
    return new Bodies.Page<>(
        page, rows.size() > most ? Cursor.of(kind, page.getLast().key()) : null);
  }

  private static Scope scope(String name) {
    try {
      return Scope.parse(name);
    } catch (IllegalArgumentException e) {
      String expected = String.valueOf(e.getMessage());
      String hint = "a run's cap is raised: helm budget RUN --add";
      throw ProblemException.at(
          ErrorCode.INVALID_INPUT,
          "no cap can be set there: " + expected,
          hint,
          List.of(new Problem.Place(0, 0, "scope", expected, hint)));
    }
  }

  /** Attack: an owner of one project learns which blueprints others have. */
  private String projectOf(String name, Caller caller) {
    Blueprint.Stored stored = blueprints.newest(caller.access(), name);
    if (stored == null) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND, "there is no blueprint \"" + name + "\"", "helm blueprint list");
    }
    return stored.blueprint().project();
  }

  private static void checked(String member, @Nullable Usd cap) {
    if (cap != null && (cap.compareTo(Usd.ZERO) <= 0 || cap.compareTo(CAP_MAX) > 0)) {
      String message = "expected more than 0 and at most 100000000 dollars, or null for no cap";
      throw ProblemException.at(
          ErrorCode.INVALID_CAP,
          "\"" + member + "\" is no cap: " + message,
          "helm pause and helm stop hold runs; a cap bounds what they spend",
          List.of(new Problem.Place(0, 0, member, message, null)));
    }
  }

  private static UsageReport.By by(String word) {
    List<String> words = Arrays.stream(UsageReport.By.values()).map(UsageReport.By::word).toList();
    int found = words.indexOf(word);
    if (found < 0) {
      throw ProblemException.member(
          "by", "expected one of " + String.join(", ", words), Nearest.hint(word, words));
    }
    return UsageReport.By.values()[found];
  }

  private LocalDate day(String member, String text) {
    if (text.equals("today")) {
      return usage.today();
    }
    try {
      if (text.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}")) {
        return LocalDate.parse(text);
      }
    } catch (DateTimeParseException e) {
      // Answered below.
    }
    throw ProblemException.member(member, "expected a day such as 2026-11-23, or today", null);
  }
}
