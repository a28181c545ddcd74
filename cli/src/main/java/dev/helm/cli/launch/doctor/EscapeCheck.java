package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.Finding;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The engine's parts and the kernel against the known ways out of a container. */
final class EscapeCheck implements Check {
  /** A table older than this is told to be old. */
  private static final int TABLE_DAYS_MAX = 270;

  private static final String UPGRADE =
      "apt-get update && apt-get install --only-upgrade %s, then start the engine again";
  private static final String OWN_PACKAGES =
      "ask your distribution's security tracker, or use the engine's own packages"
          + " (docs.docker.com/engine/install), which have the fix";

  private final Site site;
  private final Escapes escapes;
  private final List<Part> parts;
  private final LocalDate today;

  /**
   * A part of what holds containers in.
   *
   * @param component as the table names it
   * @param version as the part itself says
   * @param detail what else it says of its build; may be empty
   */
  record Part(String component, String version, String detail) {}

  EscapeCheck(Site site, Escapes escapes, List<Part> parts, LocalDate today) {
    this.site = site;
    this.escapes = escapes;
    this.parts = parts;
    this.today = today;
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    parts.forEach(part -> findings.addAll(part(part)));
    if (escapes.asOf().plusDays(TABLE_DAYS_MAX).isBefore(today)) {
      findings.add(
          Finding.warn(
              "newer escapes",
              "this Helm knows escapes up to " + escapes.asOf(),
              "upgrade Helm: newer ones are not looked for"));
    }
    return findings;
  }

  private List<Finding> part(Part part) {
    List<Escapes.Escape> known = escapes.of(part.component());
    Optional<String> packaged = packaged(part);
    String name = packageName(part.component());
    List<Escapes.Escape> unknown = new ArrayList<>();
    List<Finding> findings = new ArrayList<>();
    for (Escapes.Escape escape : known) {
      Escapes.Verdict verdict =
          packaged
              .map(version -> Escapes.packaged(site.machine(), escape, name, version))
              .orElseGet(() -> Escapes.upstream(escape, part.version()));
      switch (verdict) {
        case FIXED -> {}
        case OPEN -> findings.add(open(part, packaged, escape));
        case UNKNOWN -> unknown.add(escape);
      }
    }
    if (!unknown.isEmpty()) {
      findings.add(unknown(part, packaged, unknown));
    }
    if (findings.isEmpty()) {
      findings.add(
          Finding.fine(
              subject(part),
              "%s · all %d known ones fixed (table of %s)"
                  .formatted(packaged.orElse(part.version()), known.size(), escapes.asOf())));
    }
    return findings;
  }

  private static String subject(Part part) {
    return part.component() + " escapes";
  }

  private Finding open(Part part, Optional<String> packaged, Escapes.Escape escape) {
    String text =
        "%s · open to %s: %s"
            .formatted(packaged.orElse(part.version()), escape.id(), escape.what());
    if (part.component().equals("kernel")) {
      return Finding.warn(
          "kernel", text, "install the newest kernel of your system and restart it");
    }
    return Finding.wrong(
        subject(part),
        text,
        packaged.isPresent()
            ? UPGRADE.formatted(packageName(part.component()))
            : "upgrade to %s or newer"
                .formatted(
                    escape.upstream().stream()
                        .map(
                            v ->
                                v.parts().stream()
                                    .map(String::valueOf)
                                    .collect(Collectors.joining(".")))
                        .collect(Collectors.joining(", "))));
  }

  private Finding unknown(Part part, Optional<String> packaged, List<Escapes.Escape> unknown) {
    String ids = unknown.stream().map(Escapes.Escape::id).collect(Collectors.joining(", "));
    return Finding.warn(
        subject(part),
        "%s · not known whether it has the fix of %s"
            .formatted(packaged.orElse(part.version()), ids),
        part.component().equals("kernel")
            ? "ask your distribution's security tracker; install its newest kernel"
            : OWN_PACKAGES);
  }

  /** The distribution's package that this part is, with its full version; empty for upstream's. */
  private Optional<String> packaged(Part part) {
    String mark = part.version() + " " + part.detail();
    boolean marked = mark.matches(".*(\\+ds|~ds|dfsg|ubuntu|\\+deb|Debian|Ubuntu).*");
    Optional<String> installed =
        site.engine().startsWith("tcp:") || part.component().equals("kernel")
            ? Optional.empty()
            : site.machine()
                .run("dpkg-query", "-W", "-f", "${Version}", packageName(part.component()))
                .filter(version -> version.startsWith(part.version()));
    return installed.isPresent()
        ? installed
        : marked ? Optional.of(fullest(part)) : Optional.empty();
  }

  private static String fullest(Part part) {
    return part.detail().startsWith(part.version()) ? part.detail() : part.version();
  }

  private static String packageName(String component) {
    return component.equals("engine") ? "docker.io" : component;
  }
}
