package dev.helm.service.blueprint;

import dev.helm.api.blueprint.Blueprint.Defaults;
import dev.helm.api.blueprint.LooksSecret;
import dev.helm.api.blueprint.McpServer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The section {@code mcpServers}. */
final class McpServersReader {
  static final int SERVERS_MAX = 20;
  static final int TOOLS_MAX = 500;
  static final Pattern NAME = Pattern.compile("(?=.{1,32}$)[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*");
  static final Pattern TOOL = Pattern.compile("[A-Za-z0-9_./-]{1,128}");

  /** Helm's own endpoint for agents that are not native is called so. */
  static final String OWN_SERVER = "helm";

  static final long TIMEOUT_MAX_MS = 3_600_000;
  private static final List<String> MEMBERS =
      List.of(
          "package", "command", "image", "url", "args", "env", "secrets", "auth", "egress",
          "timeout", "tools", "reads");

  private final Mistakes mistakes;
  private final Parts parts;

  McpServersReader(Mistakes mistakes) {
    this.mistakes = mistakes;
    this.parts = new Parts(mistakes);
  }

  Map<String, McpServer> read(Fields root) {
    Map<String, McpServer> servers = new LinkedHashMap<>();
    parts.named(
        root,
        "mcpServers",
        NAME,
        "1 to 32 letters, digits, dashes and single underscores",
        SERVERS_MAX,
        (name, group) -> {
          if (name.equals(OWN_SERVER)) {
            mistakes.add(
                group.at(),
                "mcpServers." + name,
                "\"" + name + "\" is what Helm calls its own tools",
                "choose another name");
          }
          servers.put(name, server(group, "mcpServers." + name));
        });
    return servers;
  }

  private McpServer server(Tree.Obj group, String path) {
    Fields fields = Fields.of(group, path, MEMBERS, Map.of(), mistakes);
    List<String> command = parts.command(fields, "command");
    String recipe = fields.text("package", 300);
    if (recipe != null) {
      parts.recipe(recipe, fields.posOf("package"), fields.at("package"));
    }
    String url = url(fields);
    boolean right = oneWay(fields, group, path);
    McpServer server =
        new McpServer(
            right ? recipe : null,
            right ? command : List.of(),
            parts.image(fields, "image"),
            right && (recipe != null || !command.isEmpty()) ? null : url == null ? "" : url,
            fields.texts("args", Parts.ARGUMENTS_MAX, Parts.ARGUMENT_CHARS_MAX, false).stream()
                .map(Tree.Scalar::text)
                .toList(),
            parts.environment(fields),
            parts.secrets(fields, "secrets"),
            auth(fields),
            parts.hosts(fields, "egress"),
            fields.durationMs("timeout", 1000, TIMEOUT_MAX_MS, Defaults.TOOL_TIMEOUT.toMillis()),
            tools(fields, "tools"),
            tools(fields, "reads"));
    taken(server, fields);
    clashes(server, fields);
    return server;
  }

  private boolean oneWay(Fields fields, Tree.Obj group, String path) {
    long ways =
        List.of("package", "command", "url").stream().filter(w -> fields.get(w) != null).count();
    if (ways != 1) {
      mistakes.add(
          group.at(),
          path,
          "a server has one of package, command and url, this one has "
              + (ways == 0 ? "none" : ways),
          "package: \"npm:NAME@VERSION\" is the simplest");
    }
    return ways == 1;
  }

  private @Nullable String url(Fields fields) {
    String url = fields.text("url", 2_000);
    if (url != null && LooksSecret.address(url)) {
      mistakes.add(
          fields.posOf("url"),
          fields.at("url"),
          "this looks like a secret, and an address is logged on its way",
          "auth: {bearer: NAME} sends it in a header");
    }
    if (url != null && !Parts.address(url)) {
      mistakes.add(
          fields.posOf("url"),
          fields.at("url"),
          "expected an address such as https://mcp.example.com/mcp, found \"" + url + "\"",
          url.contains("@") ? "no user and no password in it; auth: {bearer: NAME}" : null);
    }
    return url;
  }

  private McpServer.@Nullable Auth auth(Fields fields) {
    Tree.Obj group = fields.group("auth");
    if (group == null) {
      return null;
    }
    Fields auth =
        Fields.of(group, fields.at("auth"), List.of("bearer", "oauth"), Map.of(), mistakes);
    if ((auth.get("bearer") == null) == (auth.get("oauth") == null)) {
      mistakes.add(
          group.at(), fields.at("auth"), "auth has one of bearer and oauth", "bearer: MY_TOKEN");
      return null;
    }
    String bearer = parts.secret(auth, "bearer");
    Tree.Obj oauth = auth.group("oauth");
    if (oauth == null) {
      return bearer == null ? null : new McpServer.Auth(bearer, null);
    }
    Fields client =
        Fields.of(
            oauth,
            auth.at("oauth"),
            List.of("issuer", "clientId", "clientSecret", "scopes"),
            Map.of(),
            mistakes);
    String id = client.text("clientId", 500);
    if (client.get("clientId") == null) {
      mistakes.add(oauth.at(), client.at("clientId"), "\"clientId\" is missing");
    }
    return new McpServer.Auth(
        null,
        new McpServer.OAuth(
            issuer(client, oauth),
            id == null ? "" : id,
            parts.secret(client, "clientSecret"),
            client.texts("scopes", 50, 200).stream().map(Tree.Scalar::text).toList()));
  }

  /** Attack: a server that may say who is given the client's secret says that it is itself. */
  private @Nullable String issuer(Fields client, Tree.Obj oauth) {
    String issuer = client.text("issuer", 2_000);
    String hint = "the address of the authorization server, such as https://login.example.com";
    if (client.get("issuer") == null) {
      mistakes.add(
          oauth.at(),
          client.at("issuer"),
          "\"issuer\" is missing: only who is named here is given the client's secret",
          hint);
    } else if (issuer != null && !Parts.issuer(issuer)) {
      mistakes.add(
          client.posOf("issuer"),
          client.at("issuer"),
          "expected an https address without user, query and fragment, found \"" + issuer + "\"",
          hint);
    }
    return issuer;
  }

  private void taken(McpServer server, Fields fields) {
    for (String tool : server.reads()) {
      if (!server.tools().isEmpty() && !server.tools().contains(tool)) {
        mistakes.add(
            fields.posOf("reads"),
            fields.at("reads"),
            "\"" + tool + "\" is not one of this server's tools",
            Nearest.hint(tool, server.tools()));
      }
    }
  }

  private List<String> tools(Fields fields, String member) {
    List<String> tools =
        fields.texts(member, TOOLS_MAX, 200).stream()
            .filter(
                tool -> {
                  boolean right = TOOL.matcher(tool.text()).matches();
                  if (!right) {
                    mistakes.add(
                        tool.at(),
                        fields.at(member),
                        "expected a tool's own name, as the server has it, found \""
                            + tool.text()
                            + "\"");
                  }
                  return right;
                })
            .map(Tree.Scalar::text)
            .toList();
    if (fields.get(member) instanceof Tree.Arr list && list.items().isEmpty()) {
      mistakes.add(
          list.at(),
          fields.at(member),
          "expected at least one name",
          member.equals("tools") ? "leave it out for all" : "leave it out for none");
    }
    return tools;
  }

  /** What only one kind of server has. */
  private void clashes(McpServer server, Fields fields) {
    if (server.overHttp()) {
      for (String member : List.of("image", "args", "env", "secrets", "egress")) {
        if (fields.get(member) != null && fields.get("url") != null) {
          mistakes.add(
              fields.posOf(member),
              fields.at(member),
              "a server with url is no program of Helm's, so it has no " + member,
              member.equals("secrets") ? "auth: {bearer: NAME}" : "leave it out");
        }
      }
    } else if (fields.get("auth") != null) {
      mistakes.add(
          fields.posOf("auth"),
          fields.at("auth"),
          "auth is for a server with url",
          "a program gets its secrets as secrets: [NAME]");
    }
    if (fields.get("image") != null && fields.get("command") == null) {
      mistakes.add(
          fields.posOf("image"), fields.at("image"), "image goes with command", "leave it out");
    }
  }
}
