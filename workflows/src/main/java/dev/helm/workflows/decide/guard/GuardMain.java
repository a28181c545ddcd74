package dev.helm.workflows.decide.guard;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.workflows.HelmJson;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * {@code helm guard}: says what the guard thinks of a command, or of JSON lines on standard input.
 * Needs no running Helm.
 */
public final class GuardMain {
  private static final int DONE = 0;
  private static final int FAILED = 1;
  private static final int USAGE = 2;
  private static final int REFUSED = 5;

  private static final String HELP =
      """
      helm guard [--json] -- COMMAND
      helm guard --stdin

      Says what the command guard thinks of a shell command: block, ask or allow, what
      kind of danger, and why. Nothing is run. Several words are joined by blanks; put
      the command in quotes to keep its own.

        --json    print {"verdict","family","reason"}
        --stdin   read JSON lines {"command":"…"} and print one JSON line for each, in
                  order; a line that is none gives {"line":N,"error":"…"}
        -h, --help

      Exit code: 0 allow, 5 block or ask; with --stdin 0, or 1 if a line was bad.
      """;

  private GuardMain() {}

  /** Runs the command and ends with its exit code. */
  public static void main(String[] args) throws IOException {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    PrintStream err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    System.exit(run(List.of(args), out, err));
  }

  private static int run(List<String> args, PrintStream out, PrintStream err) throws IOException {
    boolean json = false;
    int i = 0;
    for (; i < args.size() && args.get(i).startsWith("-"); i++) {
      switch (args.get(i)) {
        case "--json" -> json = true;
        case "--stdin" -> {
          return stdin();
        }
        case "-h", "--help" -> {
          out.print(HELP);
          return DONE;
        }
        case "--" -> {
          return command(args.subList(i + 1, args.size()), json, out, err);
        }
        default -> {
          err.println("helm guard does not know the option " + Marks.shown(args.get(i)) + ".");
          err.println("Put -- before the command: helm guard -- COMMAND");
          return USAGE;
        }
      }
    }
    return command(args.subList(i, args.size()), json, out, err);
  }

  private static int command(List<String> words, boolean json, PrintStream out, PrintStream err)
      throws JsonProcessingException {
    if (words.isEmpty()) {
      err.println("helm guard needs a command.");
      err.println("helm guard -- COMMAND, or helm guard --stdin for JSON lines.");
      return USAGE;
    }
    Judgement judgement = CommandGuard.judge(String.join(" ", words));
    out.println(
        json
            ? HelmJson.mapper().writeValueAsString(tree(judgement))
            : judgement.verdict().word()
                + " · "
                + judgement.family().word()
                + " · "
                + judgement.reason());
    return judgement.verdict() == Verdict.ALLOW ? DONE : REFUSED;
  }

  private static ObjectNode tree(Judgement judgement) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("verdict", judgement.verdict().word())
        .put("family", judgement.family().word())
        .put("reason", judgement.reason());
  }

  private static int stdin() throws IOException {
    try (BufferedReader in =
            new BufferedReader(
                new InputStreamReader(
                    new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8),
                1 << 16);
        Writer out =
            new OutputStreamWriter(
                new java.io.BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16),
                StandardCharsets.UTF_8)) {
      return lines(in, out);
    }
  }

  /** One answer a line, in order; a bad line does not stop the rest. */
  static int lines(BufferedReader in, Writer out) throws IOException {
    int number = 0;
    int code = DONE;
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      ObjectNode answer = JsonNodeFactory.instance.objectNode();
      try {
        if (!(HelmJson.readObject(line).get("command") instanceof String command)) {
          throw new IllegalArgumentException("\"command\" is missing or is no string");
        }
        answer.put("command", command);
        answer.setAll(tree(CommandGuard.judge(command)));
      } catch (IllegalArgumentException e) {
        answer
            .put("line", number)
            .put("error", String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        code = FAILED;
      }
      out.write(HelmJson.mapper().writeValueAsString(answer));
      out.write('\n');
      if (!in.ready()) {
        // Whoever talks to this through pipes waits for the answer before asking on.
        out.flush();
      }
    }
    out.flush();
    return code;
  }
}
