package dev.helm.service.blueprint;

import dev.helm.api.blueprint.LooksSecret;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What several sections are made of: commands, environments, secrets' names, hosts, packages. */
final class Parts {
  static final int ARGUMENTS_MAX = 100;
  static final int ARGUMENT_CHARS_MAX = 4_096;
  static final int VARIABLES_MAX = 100;
  static final int HOSTS_MAX = 200;
  static final int SECRETS_MAX = 20;

  static final Pattern SECRET = Pattern.compile("[A-Z][A-Z0-9_]{0,63}");
  static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");
  static final Pattern HOST =
      Pattern.compile(
          "(\\*\\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?");
  static final Pattern NPM =
      Pattern.compile(
          "npm:(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*@[0-9][A-Za-z0-9.+-]{0,63}");
  static final Pattern PYPI =
      Pattern.compile(
          "pypi:[A-Za-z0-9][A-Za-z0-9._-]*(\\[[A-Za-z0-9._,-]+])?@[0-9][A-Za-z0-9.+!-]{0,63}");
  static final Pattern IMAGE =
      Pattern.compile("[a-z0-9][a-z0-9._:/-]{0,199}(@sha256:[0-9a-f]{64})?");

  private final Mistakes mistakes;

  Parts(Mistakes mistakes) {
    this.mistakes = mistakes;
  }

  /** A group whose members' names the blueprint chooses; each value has to be a group itself. */
  void named(
      Fields fields,
      String section,
      Pattern pattern,
      String shape,
      int most,
      BiConsumer<String, Tree.Obj> each) {
    Tree.Obj group = fields.group(section);
    if (group == null) {
      return;
    }
    if (group.members().size() > most) {
      mistakes.add(group.at(), fields.at(section), "more than " + most + " entries");
      return;
    }
    List<String> seen = new ArrayList<>();
    for (Tree.Member member : group.members()) {
      String where = fields.at(section) + "." + member.name();
      if (name(member, where, pattern, shape, seen)) {
        if (member.value() instanceof Tree.Obj value) {
          each.accept(member.name(), value);
        } else {
          mistakes.add(
              member.value().at(),
              where,
              "expected a group of members, found " + member.value().described());
        }
      }
    }
  }

  /** Whether the name fits and stands there for the first time. */
  boolean name(Tree.Member member, String where, Pattern pattern, String shape, List<String> seen) {
    if (!pattern.matcher(member.name()).matches()) {
      mistakes.add(
          member.at(), where, "expected " + shape + " as a name, found \"" + member.name() + "\"");
      return false;
    }
    if (seen.contains(member.name())) {
      mistakes.add(
          member.at(), where, "\"" + member.name() + "\" stands here a second time", "keep one");
      return false;
    }
    seen.add(member.name());
    return true;
  }

  /** Texts by names. */
  Map<String, String> texts(
      Fields fields, String section, Pattern pattern, String shape, int most, int charsMax) {
    Map<String, String> texts = new LinkedHashMap<>();
    Tree.Obj group = fields.group(section);
    if (group == null) {
      return texts;
    }
    if (group.members().size() > most) {
      mistakes.add(group.at(), fields.at(section), "more than " + most + " entries");
      return texts;
    }
    Fields members = Fields.loose(group, fields.at(section), mistakes);
    List<String> seen = new ArrayList<>();
    for (Tree.Member member : group.members()) {
      if (name(member, members.at(member.name()), pattern, shape, seen)) {
        String text = members.text(member.name(), charsMax);
        if (text != null) {
          texts.put(member.name(), text);
        }
      }
    }
    return texts;
  }

  /** Plain text for an environment; what is a secret by its looks does not belong there. */
  Map<String, String> environment(Fields fields) {
    Map<String, String> env =
        texts(
            fields,
            "env",
            VARIABLE,
            "letters, digits and underscores",
            VARIABLES_MAX,
            ARGUMENT_CHARS_MAX);
    env.forEach(
        (name, value) -> {
          if (LooksSecret.token(value)) {
            mistakes.add(
                fields.posOf("env"),
                fields.at("env") + "." + name,
                "this looks like a secret, and whoever may read the blueprint would read it",
                "store it: helm secret set " + name);
          }
        });
    return env;
  }

  /** A program and its arguments; empty when it is missing. */
  List<String> command(Fields fields, String name) {
    List<String> command =
        fields.texts(name, ARGUMENTS_MAX, ARGUMENT_CHARS_MAX, false).stream()
            .map(Tree.Scalar::text)
            .toList();
    if (fields.get(name) instanceof Tree.Arr list
        && (list.items().isEmpty() || !command.isEmpty() && command.getFirst().isBlank())) {
      mistakes.add(
          list.at(), fields.at(name), "expected a program and its arguments", "[./check.sh, -v]");
    }
    return command;
  }

  /** Names of secrets. */
  List<String> secrets(Fields fields, String name) {
    List<String> names = new ArrayList<>();
    for (Tree.Scalar secret : fields.texts(name, SECRETS_MAX, 200)) {
      if (secretName(secret, fields.at(name))) {
        names.add(secret.text());
      }
    }
    return names;
  }

  /** One secret's name. */
  @Nullable String secret(Fields fields, String name) {
    String text = fields.text(name, 200);
    return text != null
            && fields.get(name) instanceof Tree.Scalar scalar
            && secretName(scalar, fields.at(name))
        ? text
        : null;
  }

  private boolean secretName(Tree.Scalar secret, String where) {
    if (SECRET.matcher(secret.text()).matches()) {
      return true;
    }
    boolean token = LooksSecret.token(secret.text());
    mistakes.add(
        secret.at(),
        where,
        "expected a secret's name such as TICKETS_TOKEN"
            + (token ? "" : ", found \"" + secret.text() + "\""),
        token ? "never the secret itself: helm secret set NAME stores it" : null);
    return false;
  }

  /** Hosts that something may reach. */
  List<String> hosts(Fields fields, String name) {
    List<String> hosts = new ArrayList<>();
    for (Tree.Scalar host : fields.texts(name, HOSTS_MAX, 253)) {
      if (HOST.matcher(host.text()).matches()) {
        hosts.add(host.text());
      } else {
        mistakes.add(
            host.at(),
            fields.at(name),
            "expected a host such as stripe.com or *.example.com, found \"" + host.text() + "\"",
            hostHint(host.text()));
      }
    }
    return hosts;
  }

  private static @Nullable String hostHint(String host) {
    if (host.contains("/") || host.contains(":")) {
      return "only the host's name, without scheme, port or path";
    }
    return host.chars().anyMatch(Character::isUpperCase) ? "write it in lower case" : null;
  }

  /** Whether the text is a registry's program in one version; else it is told. */
  boolean recipe(String text, Tree.Pos at, String where) {
    if (NPM.matcher(text).matches() || PYPI.matcher(text).matches()) {
      return true;
    }
    boolean versionless = text.lastIndexOf('@') <= text.indexOf(':') + 1;
    mistakes.add(
        at,
        where,
        "expected npm:NAME@VERSION or pypi:NAME@VERSION, found \"" + text + "\"",
        versionless && text.contains(":")
            ? "name the exact version, so that each run has the same program"
            : null);
    return false;
  }

  /** An image's name, or null where it is none, which is told. */
  @Nullable String image(Fields fields, String name) {
    return fields.word(name, IMAGE, "the name of an image such as my-agent:1.2");
  }

  /** Whether the text is an http or https address without a user, a password and a fragment. */
  static boolean address(String text) {
    try {
      URI uri = URI.create(text);
      return ("https".equals(uri.getScheme()) || "http".equals(uri.getScheme()))
          && uri.getHost() != null
          && uri.getRawUserInfo() == null
          && uri.getRawFragment() == null;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Whether the text names an authorization server as RFC 8414 wants it. */
  static boolean issuer(String text) {
    return text.startsWith("https://") && address(text) && URI.create(text).getRawQuery() == null;
  }
}
