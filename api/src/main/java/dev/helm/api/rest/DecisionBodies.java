package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Bodies about what waits for a person, what they decide, and the rules that this leaves. */
public final class DecisionBodies {
  private DecisionBodies() {}

  /**
   * Something that waits for a person; {@code kind}: {@code permission question budget unknown}.
   * {@code arguments} is the exact JSON text of the call.
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record InboxItem(
      String id,
      String kind,
      String run,
      String runName,
      String project,
      long seq,
      String askedAt,
      String deadline,
      String otherwise,
      @Nullable String toolUseId,
      @Nullable String tool,
      @Nullable String object,
      @Nullable Content arguments,
      @Nullable String argumentsHash,
      @Nullable String reason,
      @Nullable String text,
      @Nullable List<String> options,
      @Nullable Boolean freeText,
      @Nullable Asked asked) {
    /** The same with a permission's arguments as they stand now, and what explains them. */
    public InboxItem with(
        @Nullable Content newArguments, @Nullable String newHash, Asked explained) {
      return new InboxItem(
          id,
          kind,
          run,
          runName,
          project,
          seq,
          askedAt,
          deadline,
          otherwise,
          toolUseId,
          tool,
          object,
          newArguments,
          newHash,
          reason,
          text,
          options,
          freeText,
          explained);
    }
  }

  /**
   * What a person needs to know of a permission beside the call itself. Members are absent where
   * there is nothing to say.
   *
   * @param rule the rule that asks, or the guard's words
   * @param because why people are asked, in words
   * @param risk what the call touches, a few words each
   * @param recipients who gets what it sends
   * @param diff what it would change or hand out, as it was when it was asked
   * @param remember the rule that an allow could remember, and what that means
   * @param need how many different people must allow
   * @param approvals who has allowed the arguments that are shown, in order
   * @param editedBy who changed the arguments that are shown
   * @param stage {@code half} or {@code escalated} once people were reminded
   * @param escalatedTo roles that were told
   * @param escalatedAt when they were
   * @param preview which tool said what {@code diff} shows, or why there is nothing to show
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Asked(
      @Nullable String rule,
      @Nullable String because,
      @Nullable List<String> risk,
      @Nullable List<String> recipients,
      @Nullable Content diff,
      RunEvent.@Nullable Suggestion remember,
      int need,
      List<String> approvals,
      @Nullable String editedBy,
      @Nullable String stage,
      @Nullable List<String> escalatedTo,
      @Nullable String escalatedAt,
      RunEvent.@Nullable Preview preview) {
    /** As a permission was asked: nobody has allowed it, nobody was reminded. */
    public static Asked of(RunEvent.PermissionRequested e) {
      return new Asked(
          e.rule(),
          e.because(),
          e.risk(),
          e.recipients(),
          e.diff(),
          e.remember(),
          e.approvers(),
          List.of(),
          null,
          null,
          null,
          null,
          e.preview());
    }

    /** The same for arguments that these people allowed, with the change as far as it is known. */
    public Asked allowed(
        List<String> allowedBy, @Nullable Content change, @Nullable String changedBy) {
      return new Asked(
          rule,
          because,
          risk,
          recipients,
          change,
          remember,
          need,
          allowedBy,
          changedBy,
          stage,
          escalatedTo,
          escalatedAt,
          // It was of the arguments that were asked for.
          changedBy == null ? preview : null);
    }

    /** The same once people were reminded. */
    public Asked reminded() {
      return reminded(stage == null ? "half" : stage, escalatedTo, escalatedAt);
    }

    /** The same once these roles were told, too. */
    public Asked escalated(List<String> to, String at) {
      return reminded("escalated", to, at);
    }

    private Asked reminded(String newStage, @Nullable List<String> told, @Nullable String toldAt) {
      return new Asked(
          rule,
          because,
          risk,
          recipients,
          diff,
          remember,
          need,
          approvals,
          editedBy,
          newStage,
          told,
          toldAt,
          preview);
    }
  }

  /**
   * {@code POST /api/permissions/{id}}.
   *
   * @param argumentsHash of what was shown; required for allow
   * @param arguments what shall run instead, an object that fits the tool's schema; allow only
   * @param reason the agent reads it; it is also told of changed arguments
   * @param remember a rule for the calls to come; allow only
   */
  public record Decide(
      String decision,
      @Nullable String argumentsHash,
      @Nullable Object arguments,
      @Nullable String reason,
      @Nullable Remember remember) {}

  /**
   * What an allow leaves behind.
   *
   * @param scope {@code run}, or {@code blueprint} for all its runs, later versions too
   * @param rule must match the very call that is allowed
   * @param expiresAt ISO-8601 UTC by the service's clock; never, if absent
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Remember(String scope, String rule, @Nullable String expiresAt) {}

  /**
   * {@code GET /api/permissions/{id}}, and the answer to a decision; {@code state}: {@code open
   * accepted decided expired}.
   *
   * @param have how many people have allowed so far, where more than one must
   * @param need how many must
   * @param arguments exact JSON text of the arguments that people decided on, if they changed them
   * @param argumentsHash of the arguments that were decided on
   * @param remembered the rule that the decision left behind
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Permission(
      String id,
      String run,
      String state,
      InboxItem item,
      @Nullable Winner winner,
      @Nullable Integer have,
      @Nullable Integer need,
      @Nullable Content arguments,
      @Nullable String argumentsHash,
      RunEvent.@Nullable Remembered remembered) {}

  /**
   * A rule that a person had remembered; {@code state}: {@code active expired revoked}.
   *
   * @param run where it was remembered; with scope {@code run} the only run that it is for
   * @param permission the permission that was allowed with it
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record RememberedRule(
      String id,
      String rule,
      String scope,
      String state,
      String run,
      String blueprint,
      String project,
      String by,
      String permission,
      String rememberedAt,
      @Nullable String expiresAt,
      @Nullable String revokedAt,
      @Nullable String revokedBy) {}

  /** Who decided. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Winner(String decision, By by, String at) {}

  /** A person and, if known, the device. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record By(String user, @Nullable String device) {}

  /** {@code POST /api/questions/{id}}. */
  public record AnswerQuestion(String answer) {}
}
