package dev.helm.activities.images;

import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.McpServer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The images of the engine that the operator lets blueprints name. An engine holds other people's
 * images too, with what lies in them; an agent that may choose among them may read them all. Helm's
 * own image and what is made from packages on top of it need no entry.
 */
public final class ImageList {
  /** No image of the engine. */
  public static final ImageList NONE = new ImageList(List.of());

  /** A name in which {@code *} stands for anything; something has to stand before it. */
  private static final Pattern ENTRY = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/:@*-]{0,254}");

  private static final int ENTRIES_MAX = 200;

  private final List<Pattern> patterns;

  private ImageList(List<String> entries) {
    this.patterns = entries.stream().map(ImageList::pattern).toList();
  }

  /**
   * Of these names.
   *
   * @throws IllegalArgumentException when one of them is none, with what would be right
   */
  public static ImageList of(List<String> entries) {
    if (entries.size() > ENTRIES_MAX) {
      throw new IllegalArgumentException("at most " + ENTRIES_MAX + " images");
    }
    for (String entry : entries) {
      if (!ENTRY.matcher(entry).matches()) {
        throw new IllegalArgumentException(
            "an image is a name such as tools:2, team/* or tools@sha256:…, not \"" + entry + "\"");
      }
    }
    return new ImageList(entries);
  }

  private static Pattern pattern(String entry) {
    return Pattern.compile(
        Stream.of(entry.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
  }

  /** Whether a blueprint may name this image of the engine. */
  public boolean allows(String image) {
    return patterns.stream().anyMatch(pattern -> pattern.matcher(image).matches());
  }

  /** An image that is not in the list, by where the blueprint names it. */
  public record Refused(String path, String image) {
    /** What is wrong. */
    public String why() {
      return "the operator does not let blueprints name the image " + image;
    }

    /** What to do. */
    public String hint() {
      return "the operator adds it to sandbox.images in config.yml; or image: default, or a list of"
          + " packages";
    }
  }

  /** The first image of a blueprint that is not in the list. */
  public Optional<Refused> refusal(Blueprint blueprint) {
    Map<String, String> named = new LinkedHashMap<>();
    if (!blueprint.sandbox().image().equals("default")) {
      named.put("sandbox.image", blueprint.sandbox().image());
    }
    blueprint
        .mcpServers()
        .forEach(
            (name, server) -> {
              String image = image(server);
              if (!image.equals("default")) {
                named.put("mcpServers." + name + ".image", image);
              }
            });
    return named.entrySet().stream()
        .filter(each -> !allows(each.getValue()))
        .map(each -> new Refused(each.getKey(), each.getValue()))
        .findFirst();
  }

  private static String image(McpServer server) {
    return server.image() == null ? "default" : server.image();
  }
}
