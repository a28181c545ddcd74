package dev.helm.service.rest;

import dev.helm.api.Role;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.PeopleBodies;
import dev.helm.service.auth.Caller;
import dev.helm.service.auth.LogIn;
import dev.helm.service.auth.Passwords;
import dev.helm.service.auth.PersonName;
import dev.helm.service.store.Access;
import dev.helm.service.store.Roles;
import dev.helm.service.store.UserStore;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Who may log in, with which role where. */
@Path("/api/users")
@Tag(name = "people")
@Produces(MediaType.APPLICATION_JSON)
public final class UsersResource {
  private static final String NOBODY = "none";

  private final UserStore users;
  private final Passwords passwords;
  private final Clock clock;
  private final Runnable sessionsEnded;

  /** With where people are, and what closes the sockets of ended sessions. */
  public UsersResource(UserStore users, Passwords passwords, Clock clock, Runnable sessionsEnded) {
    this.users = users;
    this.passwords = passwords;
    this.clock = clock;
    this.sessionsEnded = sessionsEnded;
  }

  /** Everybody. */
  @GET
  @Operation(summary = "Everybody, by name, with the roles in the projects that you own")
  public Bodies.Page<PeopleBodies.Person> listUsers(@Context ContainerRequestContext context) {
    Permit.anOwner(context);
    Caller caller = TokenFilter.caller(context.getSecurityContext());
    return new Bodies.Page<>(
        users.list().stream().map(user -> person(user, caller)).toList(), null);
  }

  /** One. */
  @GET
  @Path("/{id}")
  @Operation(summary = "One person; me is yourself, which everybody may ask for")
  public PeopleBodies.Person getUser(
      @PathParam("id") String id, @Context ContainerRequestContext context) {
    Caller caller = Permit.person(context);
    boolean self = id.equals("me") || id.equals(caller.userId());
    if (!self) {
      Permit.anOwner(context);
    }
    return person(find(self ? caller.userId() : id), caller);
  }

  /** Lets somebody in. */
  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Let somebody in: the answer has a one-time password",
      description = "It is shown once, is good for 72 hours, and has to be changed at once.")
  @ApiResponse(responseCode = "201", useReturnTypeSchema = true, description = "the person")
  public PeopleBodies.PersonMade createUser(
      PeopleBodies.NewPerson request, @Context ContainerRequestContext context) {
    Permit.anOwner(context);
    Map<String, @Nullable Role> wanted = new HashMap<>(request.roles());
    ownerOfEach(wanted, context);
    wanted.forEach(UsersResource::given);
    if (wanted.isEmpty()) {
      Permit.ownerOfAll(context);
    }
    if (!PersonName.allowed(request.name())) {
      throw ProblemException.member("name", "expected " + PersonName.FORM_IN_WORDS, null);
    }
    String password = Passwords.random();
    UserStore.User made =
        users.create(
            request.name(),
            passwords.hash(password),
            clock.millis() + LogIn.ONCE_PASSWORD.toMillis(),
            fitting(request.roles()));
    if (made == null) {
      throw ProblemException.of(
          ErrorCode.CONFLICT,
          "the name is taken",
          "names are given once; give this person a role, or choose another name");
    }
    StatusFilter.answer(context, Response.Status.CREATED);
    return new PeopleBodies.PersonMade(
        person(made, TokenFilter.caller(context.getSecurityContext())), password);
  }

  /** Other roles, or in or out. */
  @PATCH
  @Path("/{id}")
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Change roles, or shut somebody out; all sessions of that person feel it at once",
      description =
          "Roles take an owner of each project that is named, disabled an owner of all projects.")
  public PeopleBodies.Person changeUser(
      @PathParam("id") String id,
      PeopleBodies.ChangePerson request,
      @Context ContainerRequestContext context) {
    Permit.anOwner(context);
    Map<String, @Nullable Role> roles = roles(request.roles());
    ownerOfEach(roles, context);
    Boolean disabled = request.disabled();
    if (disabled != null) {
      Permit.ownerOfAll(context);
    }
    UserStore.User changed =
        users.change(
            find(id).id(),
            user -> {
              UserStore.User next = disabled == null ? user : user.withDisabled(disabled);
              return next.withRoles(changed(user.roles(), roles));
            });
    sessionsEnded.run();
    if (changed == null) {
      throw unknown();
    }
    return person(changed, TokenFilter.caller(context.getSecurityContext()));
  }

  /** Another one-time password. */
  @POST
  @Path("/{id}/password")
  @Operation(
      summary = "Give somebody a new one-time password; all sessions of that person end",
      description = "It is shown once, is good for 72 hours, and has to be changed at once.")
  public PeopleBodies.PersonMade resetPassword(
      @PathParam("id") String id, @Context ContainerRequestContext context) {
    Permit.ownerOfAll(context);
    String known = find(id).id();
    // Attack: somebody at an unlocked screen gives the owner a password of their own.
    if (known.equals(TokenFilter.caller(context.getSecurityContext()).userId())) {
      throw ProblemException.of(
          ErrorCode.CONFLICT,
          "your own password is changed with the old one",
          "helm user password without a name");
    }
    String password = Passwords.random();
    String hash = passwords.hash(password);
    UserStore.User changed =
        users.change(
            known,
            user -> user.withPassword(hash, clock.millis() + LogIn.ONCE_PASSWORD.toMillis()));
    sessionsEnded.run();
    if (changed == null) {
      throw unknown();
    }
    return new PeopleBodies.PersonMade(
        person(changed, TokenFilter.caller(context.getSecurityContext())), password);
  }

  /** Attack: the owner of one project gives a role in another. */
  private static void ownerOfEach(
      Map<String, @Nullable Role> roles, ContainerRequestContext context) {
    for (String project : roles.keySet()) {
      Params.project("roles", project);
      Permit.require(context, Role.OWNER, project);
    }
  }

  private static Map<String, @Nullable Role> roles(@Nullable Map<String, String> words) {
    Map<String, @Nullable Role> roles = new HashMap<>();
    if (words != null) {
      words.forEach((project, word) -> roles.put(project, role(project, word)));
    }
    return roles;
  }

  private static @Nullable Role role(String project, @Nullable String word) {
    try {
      return NOBODY.equals(word) ? null : Role.of(String.valueOf(word));
    } catch (IllegalArgumentException e) {
      throw ProblemException.member(
          "roles." + project, e.getMessage() + ", or none to take it away", null);
    }
  }

  private static void given(String project, @Nullable Role role) {
    if (role == null) {
      throw ProblemException.member("roles." + project, "expected a role", null);
    }
  }

  private static Roles changed(Roles before, Map<String, @Nullable Role> changes) {
    Map<String, Role> after = new HashMap<>(before.byProject());
    changes.forEach((project, role) -> after.compute(project, (_, _) -> role));
    return fitting(after);
  }

  private static Roles fitting(Map<String, Role> roles) {
    if (roles.size() > Roles.PROJECTS_MAX) {
      throw ProblemException.member(
          "roles", "roles in at most " + Roles.PROJECTS_MAX + " projects", null);
    }
    return new Roles(roles);
  }

  private UserStore.User find(String id) {
    UserStore.User user = id.length() > 100 ? null : users.byId(id);
    if (user == null) {
      throw unknown();
    }
    return user;
  }

  /** Attack: the owner of one project learns which other projects there are, and who is in them. */
  private static PeopleBodies.Person person(UserStore.User user, Caller caller) {
    boolean self = user.id().equals(caller.userId());
    Access owned = caller.access(Role.OWNER);
    Map<String, Role> shown = new HashMap<>(user.roles().byProject());
    shown.keySet().removeIf(project -> !self && !owned.sees(project));
    return new PeopleBodies.Person(
        user.id(), user.name(), shown, user.disabled(), user.createdAt());
  }

  private static ProblemException unknown() {
    return ProblemException.of(
        ErrorCode.NOT_FOUND, "there is no such person", "helm user list shows everybody");
  }
}
