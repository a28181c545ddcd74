package dev.helm.cli.command;

import dev.helm.api.event.RunEvent;
import dev.helm.api.rest.DecisionBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code helm allow}. */
@Command(
    name = "helm allow",
    header = "helm allow 4f3a",
    description =
        "Allows the one call that waits, exactly as it is shown, or with arguments that you change.")
public final class AllowCommand extends DecideCommand {
  private static final Pattern EXPIRES = Pattern.compile("([1-9][0-9]{0,4})([mhd])");

  @Option(names = "--unseen", description = "even if the call is too long to be shown here")
  boolean unseen;

  @Option(names = "-e", description = "change the arguments in $EDITOR first")
  boolean edit;

  @Option(
      names = "--edit",
      paramLabel = "FILE",
      description = "run it with the arguments in this JSON file instead")
  @Nullable Path file;

  @Option(
      names = "--arguments",
      paramLabel = "JSON",
      description = "run it with these arguments instead")
  @Nullable String arguments;

  @Option(
      names = "--remember",
      paramLabel = "run|blueprint",
      description = "do not ask again for calls like it, in this run or the whole blueprint")
  @Nullable String remember;

  @Option(
      names = "--rule",
      paramLabel = "TEXT",
      description = "the rule to remember; as the permission suggests, if left out")
  @Nullable String rule;

  @Option(names = "--expires", paramLabel = "8h", description = "until when it is remembered")
  @Nullable String expires;

  @Override
  boolean allow() {
    return true;
  }

  @Override
  boolean unseen() {
    return unseen;
  }

  @Override
  DecisionBodies.Decide decision(DecisionBodies.InboxItem item) {
    DecisionBodies.Remember rememberedRule = remembered(item); // before an editor opens
    Map<String, Object> changed = changed(item);
    return new DecisionBodies.Decide(
        "allow", item.argumentsHash(), changed, reason, rememberedRule);
  }

  private @Nullable Map<String, Object> changed(DecisionBodies.InboxItem item) {
    int ways = (edit ? 1 : 0) + (file == null ? 0 : 1) + (arguments == null ? 0 : 1);
    if (ways > 1) {
      throw Failure.usage("Say once how the arguments change.", "-e, --edit FILE or --arguments");
    }
    String text =
        edit
            ? EditedArguments.inEditor(context().env(), item)
            : file != null ? EditedArguments.ofFile(file) : arguments;
    if (text == null && edit) {
      throw new Failure(
          ExitCode.REFUSED,
          "Nothing was changed, so nothing was decided.",
          "Without -e the call is allowed as it is.");
    }
    return text == null ? null : EditedArguments.read(text);
  }

  private DecisionBodies.@Nullable Remember remembered(DecisionBodies.InboxItem item) {
    if (remember == null) {
      if (rule != null || expires != null) {
        throw Failure.usage(
            "--rule and --expires go with --remember.", "--remember run, or --remember blueprint");
      }
      return null;
    }
    if (!remember.equals("run") && !remember.equals("blueprint")) {
      throw Failure.usage("--remember takes run or blueprint.", "--remember run");
    }
    DecisionBodies.Asked asked = item.asked();
    RunEvent.Suggestion suggestion = asked == null ? null : asked.remember();
    String text = rule != null ? rule : suggestion == null ? null : suggestion.rule();
    if (text == null) {
      throw Failure.usage(
          "No one rule would let this call pass, so none is suggested.",
          "Name one with --rule, or allow it once.");
    }
    return new DecisionBodies.Remember(remember, text, until());
  }

  private @Nullable String until() {
    if (expires == null) {
      return null;
    }
    Matcher matcher = EXPIRES.matcher(expires);
    if (!matcher.matches()) {
      throw Failure.usage("--expires takes a time such as 30m, 8h or 7d.", "--expires 8h");
    }
    long number = Long.parseLong(matcher.group(1));
    Duration after =
        switch (matcher.group(2)) {
          case "m" -> Duration.ofMinutes(number);
          case "h" -> Duration.ofHours(number);
          default -> Duration.ofDays(number);
        };
    return Instant.now().plus(after).truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
