package dev.helm.cli.testing;

import dev.helm.cli.Context;
import dev.helm.cli.Env;
import dev.helm.cli.Helm;
import dev.helm.cli.Out;
import dev.helm.cli.render.Paint;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs commands as in a pipe and keeps what they printed. */
public final class Terminal {
  private final Map<String, String> variables = new HashMap<>();
  private final Path home;
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private final ByteArrayOutputStream words = new ByteArrayOutputStream();
  private String input = "";

  public Terminal(Path home, String url) {
    this.home = home;
    variables.put("HELM_URL", url);
    variables.put("HELM_HOME", home.resolve("helm").toString());
    variables.put("HELM_TOKEN", "e30.eyJuYW1lIjoib3duZXIifQ.x");
  }

  public Terminal with(String name, String value) {
    variables.put(name, value);
    return this;
  }

  public Terminal without(String name) {
    variables.remove(name);
    return this;
  }

  public Terminal input(String text) {
    input = text;
    return this;
  }

  public Env env() {
    return new Env(variables, home);
  }

  public Context context() {
    Out out =
        new Out(
            new PrintStream(data, true, StandardCharsets.UTF_8),
            new PrintStream(words, true, StandardCharsets.UTF_8),
            Paint.NONE,
            Paint.NONE,
            0,
            false);
    return new Context(
        env(), out, new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
  }

  /** The exit code. */
  public int helm(String... args) {
    return Helm.run(args, context());
  }

  public List<String> data() {
    return data.toString(StandardCharsets.UTF_8).lines().toList();
  }

  public List<String> words() {
    return words.toString(StandardCharsets.UTF_8).lines().toList();
  }
}
