package dev.helm.service.store;

import dev.helm.workflows.HelmJson;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * For whom something is read, and what of it they may see. Every read that a person's request leads
 * to takes one; what lies outside is answered as if it were not there.
 *
 * @param principal id of the user, or {@code system} for Helm itself
 * @param projects what the principal sees
 */
public record Access(String principal, Projects projects) {
  private static final Access SYSTEM = everything("system");

  public Access {
    if (principal.isBlank()) {
      throw new IllegalArgumentException("an access names its principal");
    }
  }

  /** Projects that somebody sees. */
  public sealed interface Projects {
    /** Each, those that are yet to be made too. */
    record All() implements Projects {}

    /** Those with these names; none when empty. */
    record Only(Set<String> names) implements Projects {
      public Only {
        names = Set.copyOf(names);
      }
    }
  }

  /** Sees all projects. */
  public static Access everything(String principal) {
    return new Access(principal, new Projects.All());
  }

  /** Sees these projects. */
  public static Access only(String principal, Set<String> projects) {
    return new Access(principal, new Projects.Only(projects));
  }

  /** Helm itself, at work for nobody in particular. */
  public static Access system() {
    return SYSTEM;
  }

  /** Whether the project is seen. */
  public boolean sees(String project) {
    return switch (projects) {
      case Projects.All _ -> true;
      case Projects.Only only -> only.names().contains(project);
    };
  }

  /** An SQL condition on a project column; it comes first, and {@link #with} gives its values. */
  public String condition(String column) {
    return switch (projects) {
      case Projects.All _ -> "TRUE";
      case Projects.Only _ -> column + " IN (SELECT value FROM json_each(?))";
    };
  }

  /** The values of {@link #condition}, then these. */
  public @Nullable Object[] with(@Nullable Object... values) {
    return switch (projects) {
      case Projects.All _ -> values;
      case Projects.Only only -> {
        @Nullable Object[] all = new @Nullable Object[values.length + 1];
        all[0] = HelmJson.write(new TreeSet<>(only.names()));
        System.arraycopy(values, 0, all, 1, values.length);
        yield all;
      }
    };
  }
}
