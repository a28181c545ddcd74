package dev.helm.cli.command;

import dev.helm.api.Usd;
import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.MoneyBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.BudgetText;
import dev.helm.cli.render.SafeText;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm budget}. */
@Command(
    name = "helm budget",
    header = "helm budget 4f3a --add 5.00",
    description = {
      "Without a run: the caps that many runs share, and what is left of each.",
      "With a run: its own cap; --add raises it, and a run that waits goes on."
    },
    subcommands = BudgetCommand.Set.class)
public final class BudgetCommand extends HelmCommand {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "RUN",
      description = "its id, or the beginning of it")
  @Nullable String run;

  @Option(names = "--add", paramLabel = "USD", description = "dollars to add to the run's cap")
  @Nullable String add;

  @Override
  protected ExitCode run() {
    String of = run;
    if (add != null) {
      if (of == null) {
        throw Failure.usage(
            "--add needs a run.",
            "helm budget RUN --add 5.00; wider caps: helm budget set project:NAME --day 20");
      }
      Usd amount = StartOptions.dollars("--add", add);
      return print(client().raise(of, amount), "raised by " + amount.shown());
    }
    return of == null ? list() : one(of);
  }

  private ExitCode one(String of) {
    Reply reply = client().run(of);
    if (json) {
      return print(reply, "");
    }
    Bodies.Run found = reply.as(Bodies.Run.class);
    out()
        .line(
            SafeText.line(of)
                + " · "
                + SafeText.line(found.name())
                + " · "
                + found.spentUsd().shown()
                + " / "
                + found.budgetUsd().shown());
    return ExitCode.DONE;
  }

  private ExitCode list() {
    Reply reply = client().budgets();
    if (json) {
      return print(reply, "");
    }
    List<MoneyBodies.Cap> caps = reply.items(MoneyBodies.Cap.class);
    if (caps.isEmpty()) {
      advise(
          "No caps but those of single runs. One for a project: helm budget set"
              + " project:NAME --day 20");
      return ExitCode.DONE;
    }
    show(caps);
    return ExitCode.DONE;
  }

  private void show(List<MoneyBodies.Cap> caps) {
    Table table = new Table("llrrrrll");
    table.row("SCOPE", "PERIOD", "CAP", "SPENT", "HELD", "LEFT", "RESETS", "SET BY");
    for (MoneyBodies.Cap cap : caps) {
      String resets = cap.resetsAt();
      String by = cap.by();
      table.row(
          cap.scope(),
          cap.period(),
          cap.capUsd().shown(),
          cap.spentUsd().shown(),
          cap.heldUsd().shown(),
          left(cap),
          resets == null ? "never" : resets.replaceFirst(":00\\.000Z$", "Z"),
          by == null ? "its blueprint" : by);
    }
    table.print(out());
  }

  /** So that the row adds up in whole cents, and never shows more than there is. */
  private static String left(MoneyBodies.Cap cap) {
    long shown = cents(cap.capUsd()) - cents(cap.spentUsd()) - cents(cap.heldUsd());
    return BudgetText.left(new Usd(Math.max(0, Math.min(cap.leftUsd().micros(), shown * 10_000))));
  }

  /** Rounded up, as amounts are shown. */
  private static long cents(Usd amount) {
    return Math.ceilDiv(amount.micros(), 10_000);
  }

  /** {@code helm budget set}. */
  @Command(
      name = "set",
      header = "helm budget set project:infra-ops --day 20",
      description = {
        "Caps what many runs spend together: installation, project:NAME, blueprint:NAME,",
        "account:NAME. What is not named stays; none takes a cap away."
      })
  public static final class Set extends HelmCommand {
    @Parameters(index = "0", paramLabel = "SCOPE", description = "what is capped")
    String scope = "";

    @Option(names = "--day", paramLabel = "USD", description = "in a day, or none")
    @Nullable String day;

    @Option(names = "--month", paramLabel = "USD", description = "in a calendar month, or none")
    @Nullable String month;

    @Option(names = "--total", paramLabel = "USD", description = "for ever, or none")
    @Nullable String total;

    @Override
    protected ExitCode run() {
      if (day == null && month == null && total == null) {
        throw Failure.usage(
            "No cap is named.", "helm budget set " + scope + " --day 20 --month 200 --total none");
      }
      Map<String, Object> caps = new LinkedHashMap<>();
      for (MoneyBodies.Cap cap : client().budgets().items(MoneyBodies.Cap.class)) {
        if (cap.scope().equals(scope) && cap.source().equals("set")) {
          caps.put(cap.period() + "Usd", cap.capUsd().toString());
        }
      }
      put(caps, "--day", "dayUsd", day);
      put(caps, "--month", "monthUsd", month);
      put(caps, "--total", "totalUsd", total);
      return print(client().setBudget(scope, caps), "set · " + SafeText.line(scope));
    }

    private static void put(
        Map<String, Object> caps, String option, String member, @Nullable String text) {
      if (text == null) {
        return;
      }
      if (text.equals("none")) {
        caps.remove(member);
      } else {
        caps.put(member, StartOptions.dollars(option, text).toString());
      }
    }
  }
}
