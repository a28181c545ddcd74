package dev.helm.cli.launch.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Known ways out of a container, from a dated table of this build ({@code escapes.json}). Nothing
 * is looked up outside.
 */
record Escapes(LocalDate asOf, List<Escape> all) {
  /**
   * One way out.
   *
   * @param upstream first version of each branch that has the fix
   * @param since first version that has the fault; empty when not known
   * @param packages by {@code ID VERSION_ID} of a distribution, its package's first fixed version
   */
  record Escape(
      String id,
      String component,
      String what,
      List<Version> upstream,
      Optional<Version> since,
      Map<String, String> packages) {}

  /** What can be told of an installed component. */
  enum Verdict {
    FIXED,
    OPEN,
    /** A distribution's own build whose fixes are not known here: never taken for fixed. */
    UNKNOWN
  }

  static Escapes read() {
    try (InputStream in = Escapes.class.getResourceAsStream("escapes.json")) {
      JsonNode root = new ObjectMapper().readTree(in);
      List<Escape> all = new ArrayList<>();
      for (JsonNode node : root.path("escapes")) {
        all.add(escape(node));
      }
      return new Escapes(LocalDate.parse(root.path("asOf").asText()), List.copyOf(all));
    } catch (IOException e) {
      throw new IllegalStateException("escapes.json is missing from this build", e);
    }
  }

  private static Escape escape(JsonNode node) {
    List<Version> upstream = new ArrayList<>();
    node.path("upstream").forEach(fix -> upstream.add(Version.of(fix.asText()).orElseThrow()));
    Map<String, String> packages = new HashMap<>();
    node.path("packages")
        .properties()
        .forEach(e -> packages.put(e.getKey(), e.getValue().asText()));
    return new Escape(
        node.path("id").asText(),
        node.path("component").asText(),
        node.path("what").asText(),
        List.copyOf(upstream),
        Version.of(node.path("since").asText()),
        Map.copyOf(packages));
  }

  List<Escape> of(String component) {
    return all.stream().filter(escape -> escape.component().equals(component)).toList();
  }

  /** By upstream's own versions. */
  static Verdict upstream(Escape escape, String version) {
    return Version.of(version)
        .map(
            v -> {
              boolean before = escape.since().map(since -> v.compareTo(since) < 0).orElse(false);
              return before || v.hasFixOf(escape.upstream()) ? Verdict.FIXED : Verdict.OPEN;
            })
        .orElse(Verdict.UNKNOWN);
  }

  /**
   * A distribution's package: by the distribution's fixed version, by its own changelog, or because
   * its upstream version is new enough. An old number alone says nothing: fixes are carried back.
   */
  static Verdict packaged(Machine machine, Escape escape, String name, String version) {
    if (upstream(escape, version) == Verdict.FIXED) {
      return Verdict.FIXED;
    }
    String fixed =
        escape.packages().get(machine.release("ID") + " " + machine.release("VERSION_ID"));
    if (fixed != null) {
      boolean has = machine.run("dpkg", "--compare-versions", version, "ge", fixed).isPresent();
      boolean compared = machine.run("dpkg", "--compare-versions", "1", "lt", "2").isPresent();
      return has ? Verdict.FIXED : compared ? Verdict.OPEN : Verdict.UNKNOWN;
    }
    String changelog =
        machine.gunzipped("/usr/share/doc/" + name + "/changelog.Debian.gz").orElse("");
    return changelog.contains(escape.id()) ? Verdict.FIXED : Verdict.UNKNOWN;
  }
}
