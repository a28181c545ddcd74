package dev.helm.api.blueprint;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What tools are called. Beside plain names a list of tools may hold {@code mcp__server} and {@code
 * mcp__server__*}, which are all tools of that MCP server.
 */
public final class ToolNames {
  /** What an MCP server may be called: no two underscores in a row, and none at its ends. */
  public static final Pattern SERVER = Pattern.compile("[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*");

  private static final Pattern MCP =
      Pattern.compile("mcp__(" + SERVER.pattern() + ")(?:__(.+))?", Pattern.DOTALL);

  private ToolNames() {}

  /** The server of {@code mcp__server}, {@code mcp__server__*} or {@code mcp__server__tool}. */
  public static @Nullable String server(String name) {
    Matcher matcher = MCP.matcher(name);
    return matcher.matches() ? matcher.group(1) : null;
  }

  /** Whether an entry of a list of tools is all tools of a server. */
  public static boolean wholeServer(String entry) {
    Matcher matcher = MCP.matcher(entry);
    return matcher.matches() && (matcher.group(2) == null || matcher.group(2).equals("*"));
  }

  /** Whether a list of tools has this tool. */
  public static boolean offers(List<String> tools, String tool) {
    return tools.contains(tool) || tools.stream().anyMatch(entry -> covers(entry, tool));
  }

  /** What both lists have, in the first one's order; where one has a whole server, the other's. */
  public static List<String> both(List<String> first, List<String> second) {
    List<String> both = new ArrayList<>();
    for (String entry : first) {
      if (offers(second, entry)) {
        both.add(entry);
      } else {
        second.stream().filter(other -> covers(entry, other)).forEach(both::add);
      }
    }
    return both.stream().distinct().toList();
  }

  private static boolean covers(String entry, String tool) {
    String server = server(entry);
    return server != null && wholeServer(entry) && server.equals(server(tool));
  }
}
