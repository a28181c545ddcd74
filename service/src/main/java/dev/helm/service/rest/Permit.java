package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.rest.ErrorCode;
import dev.helm.service.auth.Caller;
import dev.helm.service.store.IdempotencyStore;
import dev.helm.service.store.Roles;
import jakarta.ws.rs.container.ContainerRequestContext;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether the caller may do this to that. What lies in a project without a role is not there (404);
 * too small a role is told (403).
 */
final class Permit {
  private static final String NEEDS = Permit.class.getName() + ".needs";

  private Permit() {}

  /**
   * Lets only those go on who have at least this role in the project, also when the answer is given
   * again for the same Idempotency-Key.
   */
  static void require(ContainerRequestContext context, Role least, String project) {
    check(TokenFilter.caller(context.getSecurityContext()), least, project);
    keep(context, new IdempotencyStore.Need(project, least));
  }

  /** The same, for calls that keep no answer. */
  static void check(Caller caller, Role least, String project) {
    check(caller.roles(), least, project);
  }

  /** The same, for these roles. */
  static void check(Roles roles, Role least, String project) {
    if (roles.in(project) == null) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND,
          "there is no such thing in your projects",
          "an owner of its project can give you a role there");
    }
    if (!roles.hold(least, project)) {
      throw ProblemException.of(
          ErrorCode.FORBIDDEN,
          "this takes the role " + least.word(),
          "an owner of the project can give it to you");
    }
  }

  /** Lets only owners of all projects go on. */
  static void ownerOfAll(ContainerRequestContext context) {
    anOwner(context);
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    if (!caller.roles().hold(Role.OWNER, Role.EVERYWHERE)) {
      throw ProblemException.of(
          ErrorCode.FORBIDDEN,
          "this takes an owner of all projects",
          "helm user list shows who is one");
    }
    keep(context, new IdempotencyStore.Need(Role.EVERYWHERE, Role.OWNER));
  }

  /** Lets only people go on who own a project. */
  static void anOwner(ContainerRequestContext context) {
    Caller caller = person(context);
    if (!caller.roles().holdAnywhere(Role.OWNER)) {
      throw ProblemException.of(
          ErrorCode.FORBIDDEN, "this takes an owner", "ask an owner of the project");
    }
  }

  /** Lets only those go on who have at least this role in some project. */
  static void somewhere(ContainerRequestContext context, Role least) {
    if (!TokenFilter.caller(context.getSecurityContext()).roles().holdAnywhere(least)) {
      throw ProblemException.of(
          ErrorCode.FORBIDDEN,
          "this takes the role " + least.word() + " in a project",
          "an owner of a project can give it to you");
    }
  }

  /** Attack: a stolen service token makes itself a person or more tokens. Only people may. */
  static Caller person(ContainerRequestContext context) {
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    if (caller.kind() != Caller.Kind.PERSON) {
      throw ProblemException.of(
          ErrorCode.FORBIDDEN,
          "a service token cannot do this",
          "people, devices and tokens are looked after by people: log in");
    }
    return caller;
  }

  /** What an answer took, to be asked again when it is given again. */
  static List<IdempotencyStore.Need> needs(ContainerRequestContext context) {
    return context.getProperty(NEEDS) instanceof Needs needs ? needs.all() : List.of();
  }

  private static void keep(ContainerRequestContext context, IdempotencyStore.Need need) {
    List<IdempotencyStore.Need> all = new ArrayList<>(needs(context));
    all.add(need);
    context.setProperty(NEEDS, new Needs(all));
  }

  private record Needs(List<IdempotencyStore.Need> all) {}
}
