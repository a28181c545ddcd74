package dev.helm.service.search;

import dev.helm.service.store.Access;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Run, type and project as words of a column of their own, so that they narrow a search early. */
final class Tags {
  /** A tag that no event has: who sees no project finds nothing. */
  private static final String NOTHING = "nothing";

  private Tags() {}

  static String run(String id) {
    return "r" + id;
  }

  static String type(String type) {
    return "t" + type.replaceAll("[^A-Za-z]", "").toLowerCase(Locale.ROOT);
  }

  static String project(String name) {
    return "p" + HexFormat.of().formatHex(name.getBytes(StandardCharsets.UTF_8));
  }

  static String of(String run, String type, String project) {
    return run(run) + " " + type(type) + " " + project(project);
  }

  /** The whole expression of a search. */
  static String expression(
      Access access, SearchQuery query, @Nullable String run, Set<String> types) {
    List<String> parts = new ArrayList<>();
    parts.add("text : (" + query.expression() + ")");
    if (run != null) {
      parts.add(oneOf(List.of(run(run))));
    }
    if (!types.isEmpty()) {
      parts.add(oneOf(types.stream().sorted().map(Tags::type).toList()));
    }
    if (access.projects() instanceof Access.Projects.Only only) {
      parts.add(
          oneOf(
              only.names().isEmpty()
                  ? List.of(NOTHING)
                  : only.names().stream().sorted().map(Tags::project).toList()));
    }
    return String.join(" AND ", parts);
  }

  private static String oneOf(Collection<String> tags) {
    return tags.stream()
        .map(SearchQuery::string)
        .collect(Collectors.joining(" OR ", "tags : (", ")"));
  }
}
