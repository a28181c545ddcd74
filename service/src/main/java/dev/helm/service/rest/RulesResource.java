package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.auth.Caller;
import dev.helm.service.store.Access;
import dev.helm.service.store.Change;
import dev.helm.service.store.RuleStore;
import dev.helm.service.store.RunQueries;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.SecurityContext;
import org.jspecify.annotations.Nullable;

/** Rules that people had remembered with a decision. */
@Path("/api/rules")
@Tag(name = "inbox")
@Produces(MediaType.APPLICATION_JSON)
public final class RulesResource {
  private final RuleStore rules;
  private final RunQueries queries;

  /** With where they are, and where runs are. */
  public RulesResource(RuleStore rules, RunQueries queries) {
    this.rules = rules;
    this.queries = queries;
  }

  /** All that are seen. */
  @GET
  @Operation(
      summary = "Remembered rules, newest first, expired and revoked ones too",
      description = "With run: those that were remembered in it or hold in it.")
  public Bodies.Page<DecisionBodies.RememberedRule> listRules(
      @QueryParam("run") @Nullable String run,
      @QueryParam("blueprint") @Nullable String blueprint,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("cursor") @Nullable String cursor,
      @Context SecurityContext security) {
    Access access = TokenFilter.access(security);
    return rules.list(
        access,
        run == null ? null : Params.run(queries, access, run),
        blueprint,
        Params.limit(limit),
        cursor);
  }

  /** Takes one back. */
  @DELETE
  @Path("/{id}")
  @Operation(
      summary = "Revoke a remembered rule: calls like it are asked again from now on",
      description = "One that holds for a whole blueprint takes the role operator.")
  public DecisionBodies.RememberedRule revokeRule(
      @PathParam("id") String id, @Context ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    DecisionBodies.RememberedRule rule = find(caller.access(), id);
    Role least = rule.scope().equals("blueprint") ? Role.OPERATOR : Role.APPROVER;
    Permit.check(caller, least, rule.project());
    Change.about("rule", rule.rule());
    Change.about("scope", rule.scope());
    if (rule.scope().equals("run")) {
      Change.about("run", rule.run());
    } else {
      Change.about("blueprint", rule.blueprint());
    }
    rules.revoke(id, caller.name());
    return find(caller.access(), id);
  }

  private DecisionBodies.RememberedRule find(Access access, String id) {
    DecisionBodies.RememberedRule rule = id.length() > 100 ? null : rules.find(access, id);
    if (rule == null) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND, "there is no such rule", "helm rules lists them");
    }
    return rule;
  }
}
