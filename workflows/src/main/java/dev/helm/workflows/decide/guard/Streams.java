package dev.helm.workflows.decide.guard;

import dev.helm.workflows.decide.guard.shell.Shell;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a command reads and prints after its redirections.
 *
 * @param input what it reads
 * @param output the file it prints to, null where that is the next in the pipe
 * @param append whether the file keeps what it had
 * @param socket whether input or output is a connection to another machine
 */
record Streams(
    Walker walker, String input, @Nullable String output, boolean append, boolean socket) {

  static Streams of(Walker walker, List<Shell.Redirect> redirects, String input) {
    Streams streams = new Streams(walker, input, null, false, false);
    for (Shell.Redirect redirect : redirects) {
      streams = streams.with(redirect);
    }
    return streams;
  }

  private Streams with(Shell.Redirect redirect) {
    Shell.Heredoc body = redirect.body();
    Expander expander = walker.expander();
    if (body != null) {
      return reading(body.literal() ? body.text() : expander.document(body.text()), redirect);
    }
    String target = expander.text(redirect.target().raw());
    // Attack: bash expands what stands behind >& once more, so that a quoted text runs.
    if (redirect.operator().equals(">&") && Subscripts.runs(target)) {
      expander.text(target);
    }
    return switch (redirect.operator()) {
      case "<<<" -> reading(target + "\n", redirect);
      case "<", "<>" -> opened(target, redirect);
      case "<&" -> duplicated(target, redirect);
      case ">&" ->
          target.matches("\\d+|-|\\d+-")
              ? duplicated(target, redirect)
              : writing(target, redirect, false);
      case ">>", "&>>" -> writing(target, redirect, true);
      default -> writing(target, redirect, false);
    };
  }

  private Streams reading(String text, Shell.Redirect redirect) {
    if (redirect.descriptor() > 0) {
      String path = "/dev/fd/" + redirect.descriptor();
      walker.state().files.put(path, text);
      walker.state().descriptors.put(redirect.descriptor(), path);
      return this;
    }
    return new Streams(walker, text, output, append, false);
  }

  private Streams opened(String target, Shell.Redirect redirect) {
    if (Hosts.socket(target)) {
      if (redirect.descriptor() > 0) {
        walker.state().descriptors.put(redirect.descriptor(), target);
        return new Streams(walker, input, output, append, socket || redirect.descriptor() < 3);
      }
      return new Streams(walker, String.valueOf(Marks.SOCKET), output, append, true);
    }
    String content = Files.read(walker, target, "a redirection");
    return reading(content, redirect);
  }

  private Streams duplicated(String target, Shell.Redirect redirect) {
    String number = target.replace("-", "");
    if (number.isEmpty()) {
      return this;
    }
    int from = number.length() > 6 ? 0 : Integer.parseInt(number);
    int to =
        redirect.descriptor() >= 0
            ? redirect.descriptor()
            : redirect.operator().equals("<&") ? 0 : 1;
    String known = walker.state().descriptors.get(from);
    if (known == null) {
      // 0>&1 behind >& /dev/tcp/…: the input is the connection too.
      if (to == 0 && from > 0 && output != null && Hosts.socket(output)) {
        return new Streams(walker, String.valueOf(Marks.SOCKET), output, append, true);
      }
      return this;
    }
    if (to == 0) {
      String text =
          Hosts.socket(known)
              ? String.valueOf(Marks.SOCKET)
              : Files.read(walker, known, "a descriptor");
      return new Streams(walker, text, output, append, socket || Hosts.socket(known));
    }
    if (to == 1) {
      return new Streams(walker, input, known, append, socket || Hosts.socket(known));
    }
    return this;
  }

  private Streams writing(String target, Shell.Redirect redirect, boolean appends) {
    if (redirect.descriptor() > 2) {
      walker.state().descriptors.put(redirect.descriptor(), target);
      return this;
    }
    if (redirect.descriptor() == 2) {
      Files.check(walker, target, "", appends);
      return this;
    }
    return new Streams(walker, input, target, appends, socket || Hosts.socket(target));
  }

  /** Writes what was printed where it goes; what is left for the next in the pipe. */
  String printed(String text) {
    String target = output;
    if (target == null) {
      return text;
    }
    Files.write(walker, target, text, append);
    return "";
  }
}
