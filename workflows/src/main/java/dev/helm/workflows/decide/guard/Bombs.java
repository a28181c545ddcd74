package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Shell;
import java.util.List;

/** Fork bombs: functions that start themselves twice, loops without end that start processes. */
final class Bombs {
  private Bombs() {}

  static void function(Shell.Function function, Findings findings) {
    Count count = new Count(function.name());
    count.visit(function.body(), false);
    if (count.apart > 0 || count.all > 2) {
      findings.block(
          Family.BOMB,
          "The function " + Marks.shown(function.name()) + " starts itself again and again");
    }
  }

  /** {@code $0 &}: the script starts itself beside itself. */
  static void again(Shell body, Findings findings) {
    if (raw(body).matches("\"?\\$\\{?0\\}?\"?( .*)?|.* \"?\\$0\"?")) {
      findings.block(Family.BOMB, "A script starts itself in the background");
    }
  }

  static void loop(Shell condition, Shell body, Findings findings) {
    boolean endless =
        switch (condition) {
          case Shell.Simple simple ->
              simple.raw().strip().matches("true|:|/bin/true|\\[ 1 \\]|test 1|sleep 0(\\.\\d+)?");
          case Shell.Sequence sequence -> sequence.parts().isEmpty();
          case Shell.Arithmetic arithmetic -> arithmetic.expression().strip().equals("1");
          case Shell.Test test -> test.words().size() == 1;
          case Shell.Pipeline pipeline ->
              pipeline.negated() && raw(pipeline.parts().get(0)).equals("false");
          case Shell.AndOr a -> false;
          case Shell.Background b -> false;
          case Shell.Subshell s -> false;
          case Shell.Redirected r -> false;
          case Shell.If i -> false;
          case Shell.While w -> false;
          case Shell.For f -> false;
          case Shell.ArithmeticFor f -> false;
          case Shell.Case c -> false;
          case Shell.Function f -> false;
        };
    if (endless) {
      Count count = new Count("\0");
      count.visit(body, false);
      if (count.backgrounds > 0 && !count.waits) {
        findings.block(
            Family.BOMB, "A loop without end starts processes and does not wait for them");
      }
    }
  }

  private static String raw(Shell shell) {
    return shell instanceof Shell.Simple simple ? simple.raw().strip() : "";
  }

  /** Counts a function's calls of itself. */
  private static final class Count {
    private final String name;
    private int all;
    private int apart;
    private int backgrounds;
    private boolean waits;

    Count(String name) {
      this.name = name;
    }

    void visit(Shell shell, boolean aside) {
      switch (shell) {
        case Shell.Simple simple -> simple(simple, aside);
        case Shell.Pipeline pipeline ->
            visit(pipeline.parts(), aside || pipeline.parts().size() > 1);
        case Shell.AndOr andOr -> visit(andOr.parts(), aside);
        case Shell.Sequence sequence -> visit(sequence.parts(), aside);
        case Shell.Background background -> {
          backgrounds++;
          visit(background.body(), true);
        }
        case Shell.Subshell subshell -> visit(subshell.body(), aside);
        case Shell.Redirected redirected -> visit(redirected.body(), aside);
        case Shell.If branches -> visit(branches.branches(), aside);
        case Shell.While loop -> visit(loop.body(), aside);
        case Shell.For loop -> visit(loop.body(), aside);
        case Shell.ArithmeticFor loop -> visit(loop.body(), aside);
        case Shell.Case choice -> choice.items().forEach(item -> visit(item.body(), aside));
        case Shell.Function function -> visit(function.body(), aside);
        case Shell.Test test -> {}
        case Shell.Arithmetic arithmetic -> {}
      }
    }

    private void visit(List<Shell> parts, boolean aside) {
      parts.forEach(part -> visit(part, aside));
    }

    private void simple(Shell.Simple simple, boolean aside) {
      if (simple.words().isEmpty()) {
        return;
      }
      String word = simple.words().get(0).raw();
      waits |=
          !aside
              && word.matches("sleep|wait|read|inotifywait")
              && !simple.raw().matches("sleep 0(\\.0+)?1?");
      for (Shell.Word each : simple.words()) {
        if (each.raw().equals(name)) {
          all++;
          apart += aside ? 1 : 0;
        }
      }
    }
  }
}
