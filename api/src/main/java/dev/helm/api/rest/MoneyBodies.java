package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.helm.api.Usd;
import org.jspecify.annotations.Nullable;

/** Bodies of {@code /api/budgets} and {@code /api/usage}. Times are ISO-8601 UTC. */
public final class MoneyBodies {
  private MoneyBodies() {}

  /**
   * A cap that many runs share, and what counts against it.
   *
   * @param scope {@code installation}, {@code project:NAME}, {@code blueprint:NAME} or {@code
   *     account:NAME}
   * @param period {@code day}, {@code month} or {@code total}
   * @param heldUsd held for calls that are under way
   * @param leftUsd what a next call may cost at most
   * @param startsAt since when it is counted; absent for {@code total}
   * @param resetsAt when the next day or month begins; absent for {@code total}
   * @param source {@code set} by an owner, or {@code blueprint}: as its newest version says
   * @param by who set it, and {@code changedAt} when
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Cap(
      String scope,
      String period,
      Usd capUsd,
      Usd spentUsd,
      Usd heldUsd,
      Usd leftUsd,
      @Nullable String startsAt,
      @Nullable String resetsAt,
      String source,
      @Nullable String by,
      @Nullable String changedAt) {}

  /** {@code PUT /api/budgets/{scope}}: all caps of the scope; null or absent removes one. */
  public record SetCaps(@Nullable Usd dayUsd, @Nullable Usd monthUsd, @Nullable Usd totalUsd) {}

  /**
   * What was spent on one day, blueprint, model or account; {@code calls} counts model calls that
   * were charged.
   */
  public record UsageRow(
      String key,
      Usd costUsd,
      long inputTokens,
      long outputTokens,
      long cacheReadTokens,
      long cacheWriteTokens,
      long calls) {}
}
