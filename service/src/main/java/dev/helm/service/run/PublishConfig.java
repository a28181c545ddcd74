package dev.helm.service.run;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.activities.publish.Destination;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The section {@code publish} of config.yml: destinations by name. */
final class PublishConfig {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
  private static final Pattern SECRET = Pattern.compile("[A-Z][A-Z0-9_]{0,63}");
  private static final Set<String> ANY = Set.of("projects");
  private static final Map<String, Set<String>> KINDS =
      Map.of(
          "folder", Set.of("folder"),
          "webhook", Set.of("webhook", "secret"),
          "git", Set.of("git", "branch", "path", "user", "secret"));

  private final String where;
  private final JsonNode node;

  private PublishConfig(String name, JsonNode node) {
    this.where = "publish." + name;
    this.node = node;
  }

  /**
   * Reads it; a missing one is empty.
   *
   * @throws IllegalArgumentException when something in it is not understood
   */
  static List<Destination.Named> read(JsonNode publish) {
    List<Destination.Named> destinations = new ArrayList<>();
    publish
        .fields()
        .forEachRemaining(
            member -> {
              if (!NAME.matcher(member.getKey()).matches()) {
                throw new IllegalArgumentException(
                    "config.yml: publish: a destination's name has up to 64 of a-z, 0-9 and -, not"
                        + " \""
                        + member.getKey()
                        + "\"");
              }
              PublishConfig one = new PublishConfig(member.getKey(), member.getValue());
              destinations.add(
                  new Destination.Named(member.getKey(), one.destination(), one.projects()));
            });
    return destinations;
  }

  private Destination destination() {
    List<String> kinds = KINDS.keySet().stream().filter(node::has).sorted().toList();
    if (kinds.size() != 1) {
      throw wrong("has to be one of folder, webhook and git");
    }
    String kind = kinds.getFirst();
    OperatorConfig.known(
        node,
        Stream.concat(KINDS.getOrDefault(kind, Set.of()).stream(), ANY.stream())
            .collect(java.util.stream.Collectors.toSet()),
        where);
    return switch (kind) {
      case "folder" -> folder();
      case "webhook" -> new Destination.Webhook(address("webhook", "https", "http"), secret());
      default -> git();
    };
  }

  private Destination folder() {
    Path path = Path.of(text("folder", ""));
    if (!path.isAbsolute() || !path.normalize().equals(path) || path.getNameCount() == 0) {
      throw wrong("folder has to be an absolute path without \"..\"");
    }
    return new Destination.Folder(path);
  }

  private Destination git() {
    String branch = text("branch", "helm");
    String path = text("path", "");
    if (!path.isEmpty()
        && Stream.of(path.split("/", -1))
            .anyMatch(
                name ->
                    Set.of("", ".", "..").contains(name)
                        || name.toLowerCase(Locale.ROOT).equals(".git"))) {
      throw wrong("path has to be a directory within the repository, such as reports/weekly");
    }
    URI remote = address("git", "https", "http", "file");
    try {
      return new Destination.Git(remote, branch, path, text("user", "helm"), secret());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("config.yml: " + where + ": " + e.getMessage(), e);
    }
  }

  private URI address(String name, String... schemes) {
    try {
      URI uri = new URI(text(name, ""));
      String scheme = String.valueOf(uri.getScheme());
      boolean whole =
          scheme.equals("file")
              ? uri.getPath() != null && uri.getPath().startsWith("/") && uri.getHost() == null
              : uri.getHost() != null;
      if (List.of(schemes).contains(scheme)
          && whole
          && uri.getRawUserInfo() == null
          && uri.getRawFragment() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Told below without the text, which may hold a secret.
    }
    throw wrong(
        name
            + " has to be an address ("
            + String.join(", ", schemes)
            + ") without user and fragment; http is for the operator's targets");
  }

  private @Nullable String secret() {
    String secret = text("secret", "");
    if (!secret.isEmpty() && !SECRET.matcher(secret).matches()) {
      throw wrong("secret is the name of a project's secret, such as PUBLISH_TOKEN");
    }
    return secret.isEmpty() ? null : secret;
  }

  private List<String> projects() {
    List<String> projects = new ArrayList<>();
    JsonNode list = node.path("projects");
    if (!list.isMissingNode() && (!list.isArray() || list.isEmpty())) {
      throw wrong("projects has to be a list of projects; leave it out for all");
    }
    list.forEach(project -> projects.add(project.asText()));
    return projects;
  }

  private String text(String name, String otherwise) {
    JsonNode value = node.path(name);
    if (!value.isMissingNode() && !value.isTextual()) {
      throw wrong(name + " has to be text");
    }
    return value.asText(otherwise);
  }

  private IllegalArgumentException wrong(String what) {
    return new IllegalArgumentException("config.yml: " + where + ": " + what);
  }
}
