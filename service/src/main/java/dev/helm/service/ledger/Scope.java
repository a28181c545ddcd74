package dev.helm.service.ledger;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What a cap is on. In text {@code run}, {@code installation}, or a kind and a name: {@code
 * blueprint:q1-brief}, {@code project:infra-ops}, {@code account:ann}, {@code account:token:ci}.
 *
 * @param name empty for a run and for the installation
 */
public record Scope(Kind kind, String name) {
  private static final Pattern PLAIN = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
  private static final Pattern ACCOUNT = Pattern.compile("(token:)?[a-z0-9][a-z0-9._-]{0,31}");

  /** From the narrowest to the widest. */
  public enum Kind {
    RUN,
    BLUEPRINT,
    PROJECT,
    ACCOUNT,
    INSTALLATION;

    /** As the wire has it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static final Scope RUN = new Scope(Kind.RUN, "");
  static final Scope INSTALLATION = new Scope(Kind.INSTALLATION, "");

  public Scope {
    boolean nameless = kind == Kind.RUN || kind == Kind.INSTALLATION;
    if (nameless != name.isEmpty()) {
      throw new IllegalArgumentException("a " + kind.word() + " has no such name");
    }
  }

  static Scope blueprint(String name) {
    return new Scope(Kind.BLUEPRINT, name);
  }

  static Scope project(String name) {
    return new Scope(Kind.PROJECT, name);
  }

  static Scope account(String name) {
    return new Scope(Kind.ACCOUNT, name);
  }

  /**
   * Reads a scope on which an owner can set a cap; a run's is raised, not set.
   *
   * @throws IllegalArgumentException for anything else
   */
  public static Scope parse(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? "" : text.substring(colon + 1);
    return switch (colon < 0 ? text : text.substring(0, colon)) {
      case "installation" -> new Scope(Kind.INSTALLATION, name);
      case "project" -> project(checked(PLAIN, name));
      case "blueprint" -> blueprint(checked(PLAIN, name));
      case "account" -> account(checked(ACCOUNT, name));
      default ->
          throw new IllegalArgumentException(
              "a scope is installation, project:NAME, blueprint:NAME or account:NAME");
    };
  }

  private static String checked(Pattern form, String name) {
    if (!form.matcher(name).matches()) {
      throw new IllegalArgumentException("\"" + name + "\" is no name that a scope can have");
    }
    return name;
  }

  /** For people: {@code project infra-ops}. */
  String shown() {
    return name.isEmpty() ? kind.word() : kind.word() + " " + name;
  }

  @Override
  public String toString() {
    return name.isEmpty() ? kind.word() : kind.word() + ":" + name;
  }
}
