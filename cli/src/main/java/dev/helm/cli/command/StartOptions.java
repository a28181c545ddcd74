package dev.helm.cli.command;

import dev.helm.api.Usd;
import dev.helm.api.rest.Bodies;
import dev.helm.cli.Failure;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Json;
import dev.helm.cli.http.Reply;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** How a run is started; shared by {@code run} and {@code start}. */
final class StartOptions {
  @Parameters(index = "0", paramLabel = "BLUEPRINT", description = "its name, or NAME@VERSION")
  String blueprint = "";

  @Option(
      names = "--input",
      paramLabel = "KEY=VALUE",
      arity = "1..*",
      description = "values of the blueprint's inputs; JSON values keep their type")
  List<String> inputs = List.of();

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "the task, in place of the blueprint's")
  @Nullable String prompt;

  @Option(names = "--name", paramLabel = "NAME", description = "what the run is called")
  @Nullable String name;

  @Option(
      names = "--budget",
      paramLabel = "USD",
      description = "most that the run may cost, in dollars")
  @Nullable String budget;

  @Option(
      names = "--files",
      paramLabel = "DIR",
      description = "a folder whose files lie in the workspace before the agent begins")
  @Nullable Path files;

  /** Starts the run. */
  Reply start(HelmClient client) {
    Usd cap = budget == null ? null : dollars("--budget", budget);
    return client.start(
        new Bodies.StartRun(
            blueprint,
            inputs.isEmpty() ? null : input(inputs),
            name,
            prompt,
            cap,
            files == null ? null : FolderFiles.read(files)));
  }

  /** {@code KEY=VALUE} each. */
  static Map<String, Object> input(List<String> inputs) {
    Map<String, Object> input = new LinkedHashMap<>();
    for (String pair : inputs) {
      int equals = pair.indexOf('=');
      if (equals < 1) {
        throw Failure.usage(
            "--input \"" + pair + "\" has no value.",
            "Give it as KEY=VALUE, for example quarter=Q1.");
      }
      String name = pair.substring(0, equals);
      if (input.put(name, value(pair.substring(equals + 1))) != null) {
        throw Failure.usage("The input " + name + " is given twice.", "Give it once.");
      }
    }
    return input;
  }

  /** {@code 12}, {@code true}, {@code [1,2]} keep their type; all else is text as it stands. */
  private static Object value(String text) {
    try {
      Object value = Json.read(text);
      return value == null ? text : value;
    } catch (IllegalArgumentException e) {
      return text;
    }
  }

  static Usd dollars(String option, String text) {
    try {
      Usd amount = Usd.parse(text.startsWith("$") ? text.substring(1) : text);
      if (amount.micros() > 0) {
        return amount;
      }
      throw Failure.usage(
          option + " \"" + text + "\": an amount starts above 0.",
          "To let nothing run on: helm stop for all runs, helm pause RUN for one.");
    } catch (IllegalArgumentException e) {
      // told below
    }
    throw Failure.usage(
        option + " \"" + text + "\" is not an amount of dollars.",
        "For example " + option + " 5.00");
  }
}
