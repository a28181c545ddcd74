package dev.helm.service.store;

import dev.helm.api.Role;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Somebody's roles by project; the project {@code *} is all of them, also those to come.
 *
 * @param byProject project name to role
 */
public record Roles(Map<String, Role> byProject) {
  /** Most projects in which one principal has a role. */
  public static final int PROJECTS_MAX = 200;

  /** No role anywhere. */
  public static final Roles NONE = new Roles(Map.of());

  public Roles {
    byProject = Map.copyOf(byProject);
    if (byProject.size() > PROJECTS_MAX) {
      throw new IllegalArgumentException("roles in at most " + PROJECTS_MAX + " projects");
    }
  }

  /** This role in this project, and none elsewhere. */
  public static Roles of(String project, Role role) {
    return new Roles(Map.of(project, role));
  }

  /** The greater of the role in the project and the role everywhere, or null for neither. */
  public @Nullable Role in(String project) {
    Role here = byProject.get(project);
    Role everywhere = byProject.get(Role.EVERYWHERE);
    if (here == null || everywhere == null) {
      return here == null ? everywhere : here;
    }
    return here.includes(everywhere) ? here : everywhere;
  }

  /** Whether the role in the project is this one or a greater one. */
  public boolean hold(Role least, String project) {
    Role role = in(project);
    return role != null && role.includes(least);
  }

  /** Whether there is a project with this role or a greater one. */
  public boolean holdAnywhere(Role least) {
    return byProject.values().stream().anyMatch(role -> role.includes(least));
  }

  /** What somebody with these roles may see. */
  public Access access(String principal) {
    return access(principal, Role.VIEWER);
  }

  /** The projects in which the role is this one or a greater one. */
  public Access access(String principal, Role least) {
    return hold(least, Role.EVERYWHERE)
        ? Access.everything(principal)
        : Access.only(
            principal,
            byProject.entrySet().stream()
                .filter(entry -> entry.getValue().includes(least))
                .map(Map.Entry::getKey)
                .collect(Collectors.toUnmodifiableSet()));
  }

  /** With another role in one project; null takes it away. */
  public Roles with(String project, @Nullable Role role) {
    Map<String, Role> changed = new HashMap<>(byProject);
    if (role == null) {
      changed.remove(project);
    } else {
      changed.put(project, Objects.requireNonNull(role));
    }
    return new Roles(changed);
  }
}
