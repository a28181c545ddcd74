package dev.helm.cli.render;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Usd;
import org.junit.jupiter.api.Test;

class BudgetTextTest {
  private static final String RAW =
      "billing_error: the call may cost 1.024548 dollars, 0.115268 are left under the day's cap of"
          + " %s (0.884732 spent, 0.000000 held, cap 1.000000) (budget_exhausted)";

  @Test
  void aSharedCapIsToldInCentsWithItsCommand() {
    String text = RAW.formatted("installation");
    assertThat(BudgetText.of(text))
        .isEqualTo("the day's cap of installation, $1.00: needs $1.03, left $0.11");
    assertThat(BudgetText.command(text, "4f3a"))
        .isEqualTo("helm budget set installation --day USD");
    assertThat(BudgetText.command(RAW.formatted("project infra-ops"), "4f3a"))
        .isEqualTo("helm budget set project:infra-ops --day USD");
  }

  @Test
  void aRunsOwnCapIsRaisedAndOtherTextsStay() {
    String own = RAW.replace("the day's cap of %s", "the run's cap");
    assertThat(BudgetText.of(own)).startsWith("the run's cap, $1.00: needs");
    assertThat(BudgetText.command(own, "4f3a")).isEqualTo("helm budget 4f3a --add 5.00");
    assertThat(BudgetText.of("no money")).isEqualTo("no money");
    assertThat(BudgetText.left(new Usd(115_268))).isEqualTo("$0.11");
  }
}
