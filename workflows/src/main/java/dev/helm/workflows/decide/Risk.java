package dev.helm.workflows.decide;

import dev.helm.api.blueprint.Blueprint;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What a call touches, in a few words each, for the person who decides. */
public final class Risk {
  private static final int ITEMS_MAX = 12;
  private static final int CHARS_MAX = 120;
  private static final Set<String> WRITERS = Set.of("Write", "Edit", "WriteRow");
  private static final Set<String> MONEY =
      Set.of("amount", "price", "cost", "total", "usd", "eur", "sum");

  private Risk() {}

  /**
   * The list, most serious first.
   *
   * @param firstUse whether no call of this tool has run in this run
   */
  public static List<String> of(Blueprint blueprint, ToolCall call, boolean firstUse) {
    List<String> risk = new ArrayList<>();
    money(call.arguments(), risk);
    List<String> recipients = recipients(call);
    if (!recipients.isEmpty()) {
      risk.add("outward: cannot be taken back");
    }
    if (call.tool().equals("Bash")) {
      risk.add("runs a shell command");
    }
    List<String> hosts = EgressGrant.hosts(blueprint, call);
    if (!hosts.isEmpty()) {
      risk.add("network: " + String.join(", ", hosts));
    }
    if (WRITERS.contains(call.tool()) || call.text("save_as") != null) {
      risk.add("changes files of the workspace");
    } else if (call.tool().equals("Bash")) {
      risk.add("may change files of the workspace");
    }
    if (firstUse) {
      risk.add("first " + call.tool() + " of this run");
    }
    return risk.stream().limit(ITEMS_MAX).map(Risk::cut).toList();
  }

  /** Who gets what a mail sends, the whole addresses. */
  public static List<String> recipients(ToolCall call) {
    return switch (call.arguments().get("to")) {
      case String to -> List.of(to);
      case List<?> list -> list.stream().map(String::valueOf).toList();
      case null, default -> List.of();
    };
  }

  private static void money(Map<?, ?> arguments, List<String> risk) {
    arguments.forEach(
        (name, value) -> {
          String word = String.valueOf(name);
          if (value instanceof Map<?, ?> inner) {
            money(inner, risk);
          } else if (value instanceof Number && MONEY.contains(word.toLowerCase(Locale.ROOT))) {
            risk.add("money: " + word + " " + value);
          }
        });
  }

  private static String cut(String item) {
    return item.length() <= CHARS_MAX ? item : item.substring(0, CHARS_MAX - 1) + "…";
  }
}
