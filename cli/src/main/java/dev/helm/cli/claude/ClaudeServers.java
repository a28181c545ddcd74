package dev.helm.cli.claude;

import dev.helm.api.blueprint.LooksSecret;
import dev.helm.api.blueprint.ToolNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** {@code .mcp.json}: MCP servers. */
final class ClaudeServers {
  private static final int NAME_CHARS_MAX = 32;
  private static final Pattern SECRET = Pattern.compile("[A-Z][A-Z0-9_]{0,63}");
  private static final Pattern VARIABLE =
      Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?}");
  private static final Pattern NPM = Pattern.compile("(@[a-z0-9._-]+/)?[a-z0-9._-]+@[0-9][^ ]*");
  private static final Pattern PYPI = Pattern.compile("([A-Za-z0-9._-]+)(?:@|==)([0-9][^ ]*)");

  private final Notes notes;

  ClaudeServers(Notes notes) {
    this.notes = notes;
  }

  Map<String, Object> read(Map<String, Object> file) {
    Map<String, Object> servers = new LinkedHashMap<>();
    if (file.get("mcpServers") instanceof Map<?, ?> all) {
      all.forEach(
          (key, value) -> {
            String name = String.valueOf(key);
            String what = "MCP server " + name;
            boolean fits = ToolNames.SERVER.matcher(name).matches();
            if (!fits || name.length() > NAME_CHARS_MAX || name.equals("helm")) {
              notes.left(what, "a server's name is letters, digits, dashes and single underscores");
            } else if (value instanceof Map<?, ?> server) {
              Map<String, Object> made = server(what, server);
              if (made != null) {
                servers.put(name, made);
                notes.carried(what);
              }
            }
          });
    }
    return servers;
  }

  private @Nullable Map<String, Object> server(String what, Map<?, ?> server) {
    if (server.get("url") instanceof String url) {
      return remote(what, url, server);
    }
    if (!(server.get("command") instanceof String command)) {
      notes.left(what, "it has neither a command nor a url");
      return null;
    }
    List<String> words = new ArrayList<>();
    words.add(command);
    if (server.get("args") instanceof List<?> args) {
      args.forEach(arg -> words.add(String.valueOf(arg)));
    }
    Map<String, Object> made = program(what, words);
    if (made != null) {
      environment(what, server.get("env"), made);
      notes.left(what, "it reaches no host until its egress names some");
    }
    return made;
  }

  private @Nullable Map<String, Object> program(String what, List<String> words) {
    String runner = words.getFirst().replaceFirst(".*/", "");
    if (words.stream().anyMatch(LooksSecret::token)) {
      notes.left(what, "its arguments hold what looks like a secret; give it as secrets: [NAME]");
      return null;
    }
    if (runner.equals("docker") || runner.equals("podman")) {
      notes.left(what, "name its image: {image: IMAGE, command: [...]}; Helm makes the container");
      return null;
    }
    Map<String, Object> made = new LinkedHashMap<>();
    if (runner.equals("npx") || runner.equals("uvx") || runner.equals("bunx")) {
      int at = 1;
      while (at < words.size() && words.get(at).startsWith("-")) {
        at++;
      }
      String recipe = at < words.size() ? recipe(runner, words.get(at)) : null;
      if (recipe == null) {
        notes.left(
            what,
            "a package has one exact version here: {package: \""
                + (runner.equals("uvx") ? "pypi:" : "npm:")
                + (at < words.size() ? words.get(at).replaceFirst("(?<=.)@[a-z]+$", "") : "NAME")
                + "@VERSION\"}");
        return null;
      }
      made.put("package", recipe);
      if (at + 1 < words.size()) {
        made.put("args", words.subList(at + 1, words.size()));
      }
      return made;
    }
    made.put("command", words);
    notes.left(what, "its program has to be in an image: {image: IMAGE, command: [...]}");
    return made;
  }

  private static @Nullable String recipe(String runner, String word) {
    if (!runner.equals("uvx")) {
      return NPM.matcher(word).matches() ? "npm:" + word : null;
    }
    Matcher python = PYPI.matcher(word);
    return python.matches() ? "pypi:" + python.group(1) + "@" + python.group(2) : null;
  }

  /** A secret's value is never copied: it is asked for by its name. */
  private void environment(String what, @Nullable Object env, Map<String, Object> made) {
    Map<String, String> plain = new LinkedHashMap<>();
    List<String> secrets = new ArrayList<>();
    if (env instanceof Map<?, ?> all) {
      all.forEach(
          (key, given) -> {
            String name = String.valueOf(key);
            String value = String.valueOf(given);
            if (!LooksSecret.named(name, value) && !VARIABLE.matcher(value).find()) {
              plain.put(name, value);
            } else if (SECRET.matcher(name).matches()) {
              secrets.add(name);
              notes.left(what + ", " + name, "its value was not copied: helm secret set " + name);
            } else {
              notes.left(what + ", " + name, "a secret's name is upper-case, such as API_TOKEN");
            }
          });
    }
    if (!plain.isEmpty()) {
      made.put("env", plain);
    }
    if (!secrets.isEmpty()) {
      made.put("secrets", secrets);
    }
  }

  private @Nullable Map<String, Object> remote(String what, String url, Map<?, ?> server) {
    if ("sse".equals(server.get("type"))) {
      notes.left(what, "Helm speaks streamable HTTP, not the older SSE; ask for its new address");
      return null;
    }
    if (VARIABLE.matcher(url).find() || LooksSecret.token(url) || !url.startsWith("https://")) {
      notes.left(what, "its address has to be a plain https one");
      return null;
    }
    Map<String, Object> made = new LinkedHashMap<>();
    made.put("url", url);
    if (server.get("headers") instanceof Map<?, ?> headers) {
      headers.forEach((name, value) -> header(what, String.valueOf(name), value, made));
    }
    return made;
  }

  private void header(String what, String name, @Nullable Object value, Map<String, Object> made) {
    String text = String.valueOf(value);
    if (!name.equalsIgnoreCase("Authorization")
        || !text.toLowerCase(Locale.ROOT).startsWith("bearer ")) {
      notes.left(what + ", header " + name, "Helm sends a bearer token or OAuth, no other header");
      return;
    }
    Matcher variable = VARIABLE.matcher(text);
    String wanted = variable.find() ? variable.group(1) : null;
    String secret =
        wanted != null && SECRET.matcher(wanted).matches()
            ? wanted
            : what.substring("MCP server ".length())
                    .toUpperCase(Locale.ROOT)
                    .replaceAll("[^A-Z0-9]", "_")
                    .replaceFirst("^(?=[^A-Z])", "S")
                + "_TOKEN";
    made.put("auth", Map.of("bearer", secret));
    notes.left(what + ", its token", "its value was not copied: helm secret set " + secret);
  }
}
