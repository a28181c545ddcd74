package dev.helm.service.ledger;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Names of calls as the native loop makes them: {@code e1/main/t3.0/a1}. */
final class CallName {
  /** Attack: a foreign agent names its call so that the log shows hostile text as an agent. */
  private static final Pattern FORM =
      Pattern.compile("e[0-9]{1,9}/([A-Za-z0-9][A-Za-z0-9._/-]{0,63})/t[0-9.]{1,20}/a[0-9]{1,9}");

  private CallName() {}

  /** The agent that made the call; {@code main} when the name does not say. */
  static String agent(@Nullable String call) {
    Matcher found = FORM.matcher(call == null ? "" : call);
    return found.matches() ? found.group(1) : "main";
  }
}
