package dev.helm.activities.images;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One package of a registry, in one version: {@code npm:NAME@VERSION} or {@code pypi:NAME@VERSION}.
 */
public record RecipePackage(Registry registry, String name, String version) {
  private static final Pattern FORM =
      Pattern.compile("(npm|pypi):(@?[^@\\s]{1,214})@([0-9][0-9A-Za-z.+!-]{0,63})");
  private static final Pattern NPM_NAME =
      Pattern.compile("(@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-zA-Z0-9._~-]*");
  private static final Pattern PYPI_NAME =
      Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?");

  /** Where it comes from. */
  public enum Registry {
    NPM,
    PYPI
  }

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException it is not of the form, in words that say what is
   */
  public static RecipePackage parse(String text) {
    Matcher parts = FORM.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "\""
              + text
              + "\" is no package: write npm:NAME@VERSION or pypi:NAME@VERSION with an exact"
              + " version, as npm:@modelcontextprotocol/server-filesystem@2026.1.14");
    }
    Registry registry = parts.group(1).equals("npm") ? Registry.NPM : Registry.PYPI;
    Pattern names = registry == Registry.NPM ? NPM_NAME : PYPI_NAME;
    if (!names.matcher(parts.group(2)).matches()) {
      throw new IllegalArgumentException(
          "\"" + parts.group(2) + "\" is no name of a package at " + parts.group(1));
    }
    return new RecipePackage(registry, parts.group(2), parts.group(3));
  }

  /** As it was written. */
  @Override
  public String toString() {
    return (registry == Registry.NPM ? "npm:" : "pypi:") + name + "@" + version;
  }
}
