package dev.helm.workflows.decide;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.helm.api.blueprint.Blueprint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the rules allow is run by a real bash that knows two programs: {@code ls}, which a rule
 * allows, and {@code evil}, which leaves a witness. No allowed command may leave one.
 */
class ShellOracleTest {
  private static final Rules RULES =
      new Rules(
          new Blueprint.Permissions(
              List.of("Bash(gone *)"),
              List.of(),
              List.of(
                  "Read",
                  "Bash(ls *)",
                  "Bash(printf *)",
                  "Bash(test *)",
                  "Bash(read *)",
                  "Bash(declare *)",
                  "Bash(mapfile *)",
                  "Bash(let *)"),
              1000,
              1));

  /** Everything but {@code evil}. */
  private static final Rules ALL_BUT =
      new Rules(
          new Blueprint.Permissions(List.of("Bash(evil*)"), List.of(), List.of("Bash"), 1000, 1));

  private static final String[] GROUPS = {
    "if ",
    "then ",
    "fi",
    "while ",
    "do ",
    "done",
    "time ",
    "! ",
    "[[ x ]]",
    "coproc ",
    "case ",
    " in ",
    "x) ",
    ";; ",
    "esac",
    "function f ",
    "f",
    "else ",
    "elif ",
    "until ",
    "select ",
    "for x "
  };
  private static final String[] PIECES = {
    "ls ",
    "ls ",
    "ls x",
    "evil",
    "evil ",
    " ",
    "\n",
    ";",
    "&",
    "&&",
    "|",
    "||",
    "'",
    "\"",
    "\\",
    "#",
    " #",
    ">",
    "<",
    "$",
    "(",
    ")",
    "`",
    "{",
    "}",
    "!",
    "x",
    "=",
    "[",
    "]",
    "*",
    "?",
    "\t",
    "\r",
    "-",
    "x=1 ",
    "2>&1",
    ":",
    "~",
    ",",
    "<<x\n",
    "\nx\n",
    "\nx)",
    "$(ls <<x\n",
    "<<'x\\y'\n",
    "\\\n",
    "x\\\n",
    "printf -v ",
    "test -v ",
    "'a[$(evil)]' ",
    "\"$(ls <<x\n"
  };

  @TempDir Path temp;
  private Path witness = Path.of("unset");

  @BeforeEach
  void programs() throws IOException {
    witness = temp.resolve("witness");
    Path bin = Files.createDirectory(temp.resolve("bin"));
    program(bin.resolve("ls"), "#!/bin/sh\nexit 0\n");
    program(bin.resolve("evil"), "#!/bin/sh\n: > '" + witness + "'\n");
  }

  private static void program(Path file, String text) throws IOException {
    Files.writeString(file, text);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  /** Each of these ran {@code evil} under a rule for {@code ls} once, or might be thought to. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "ls \\>& evil",
        "ls \\<& evil",
        "ls # it's\nevil #'",
        "ls #\"\nevil #\"",
        "ls x;#'\nevil #'",
        "ls & evil",
        "ls |& evil",
        "ls \"$(evil)\"",
        "ls $'\\'' ; evil #'",
        "ls <<x\n$(evil)\nx",
        "ls <<'E\\OF'\nE\\OF\nevil\nEOF",
        "ls <<\"E\\OF\"\nE\\OF\nevil\nEOF",
        "ls <<$'EOF'\nEOF\nevil\n$EOF",
        "ls <<EOF\nE\\\nOF\nevil\nEOF",
        "ls <<EOF\nx\\\nEOF\n: '\nEOF\nevil\n: '",
        "ls \"$(ls <<EOF\nhi\nEOF)\"\nevil\nEOF\n)\"",
        "ls \"$(ls <<EOF\nhi\nEOF )\"\nevil\nEOF\n)\"",
        "ls >&'a$(evil)'",
        "for i in 'b$(evil)'; do ls >&$i; done",
        "printf -v 'a[$(evil)]' v",
        "test -v 'a[$(evil)]'",
        "read 'a[$(evil)]' <<<x",
        "declare -a 'a[$(evil)]=1'",
        "let 'a[$(evil)]=1'",
        "for i in 'a[$(evil)]'; do test -v \"$i\"; done",
        "mapfile -C 'evil #' -c 1 <<<x",
        "!\\\n evil"
      })
  void noUnlistedPartIsAllowed(String command) throws Exception {
    assertThat(leavesAWitness(command)).as("bash runs evil").isTrue();
    assertThat(verdict(command)).isInstanceOf(Verdict.Ask.class);
  }

  @Test
  void whatIsAllowedRunsNothingElse() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int ran = 0;
    for (int i = 0; i < 60_000 && ran < 500; i++) {
      StringBuilder command = new StringBuilder("ls ");
      int length = 2 + random.nextInt(9);
      for (int piece = 0; piece < length; piece++) {
        command.append(PIECES[random.nextInt(PIECES.length)]);
      }
      String text = command.toString();
      if (text.contains("evil") && verdict(text) instanceof Verdict.Allow) {
        ran++;
        assertThat(leavesAWitness(text)).as("seed %d: %s", seed, text).isFalse();
      }
    }
    assertThat(ran).as("seed %d", seed).isGreaterThan(50);
  }

  @Test
  void whatIsDeniedDoesNotRunUnderARuleForAllElse() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int ran = 0;
    for (int i = 0; i < 60_000 && ran < 300; i++) {
      StringBuilder command = new StringBuilder();
      int length = 2 + random.nextInt(9);
      for (int piece = 0; piece < length; piece++) {
        String[] from = random.nextInt(3) == 0 ? GROUPS : PIECES;
        command.append(from[random.nextInt(from.length)]);
      }
      String text = command.toString();
      if (text.contains("evil") && verdict(ALL_BUT, text) instanceof Verdict.Allow) {
        ran++;
        assertThat(leavesAWitness(text)).as("seed %d: %s", seed, text).isFalse();
      }
    }
    assertThat(ran).as("seed %d", seed).isGreaterThan(50);
  }

  /** A denied word comes from variables, patterns, what programs print, loops. */
  private static final Rules NOT_BAD =
      new Rules(
          new Blueprint.Permissions(
              List.of("Bash(see bad*)"), List.of(), List.of("Bash"), 1000, 1));

  private static final String[] WORDS = {
    "see ",
    "see ",
    "see ",
    "see $x",
    "see $1",
    "see b*",
    "see ?ad",
    "see [b]ad",
    "see $(ls)",
    "see `ls`",
    "see {ba,x}d",
    "bad ",
    "x=bad",
    "x=bad ",
    "x=good",
    "y=$x",
    "x=$y",
    "$x ",
    "$y ",
    "\"$x\" ",
    "$1 ",
    "$(ls) ",
    "'bad' ",
    "ba",
    "d ",
    "set -- bad",
    "set -e bad",
    "shift",
    "; ",
    "; ",
    "; ",
    "\n",
    " && ",
    " || ",
    " | ",
    " & ",
    "xargs see ",
    "ls ",
    "read x <<< bad",
    "read -n 3 x <<< bader",
    "for x in bad good; do ",
    "for i in 1 2; do ",
    "; done",
    "eval ",
    "env ",
    "env -a z ",
    "( ",
    " )",
    "{ ",
    "; }",
    "printf -v x %.3s bader",
    "printf bad ",
    "echo bad ",
    "declare -l x=BAD",
    "export x=bad",
    "unset x",
    "false",
    "if false; then ",
    "; fi",
    "trap 'see $x' EXIT",
    "bash -c 'see $0' ",
    "bash -c 'see $x'",
    "echo good > f",
    "echo bad > f",
    "read x < f",
    "see $(cat f)",
    "see $(< f)",
    ". ./f",
    "read x y <<< 'good bad'",
    "read -a x <<< bad",
    "see $y",
    "a=(bad x)",
    "a=(good x)",
    "see $a",
    "declare x+=d",
    "export x+=d",
    "y+=d",
    "y=ba",
    "printf -v 'x[0]' %s bad",
    "IFS=x",
    "x=badxgood",
    "alias bash=ls",
    "alias see=ls",
    "hash -p /bin/ls see",
    "f() { see bad; }",
    "f",
    "f() { x=bad; }",
    "bash -c 'f() { see bad; }; f'",
    "bash -c 'trap f EXIT; f() { see bad; }'",
    "bash -c 'x=ad; see b${x}'",
    "eval 'f() { return; x=good; }'",
    "false && unset x",
    "false && set -- good",
    "export x=good > /none/x",
    "local x=good",
    "break",
    "bash <<< 'see bad'",
    "sh -c 'see $x'"
  };

  @Test
  void aDeniedWordIsNotHandedOver() throws Exception {
    Path bin = temp.resolve("bin");
    program(bin.resolve("see"), "#!/bin/sh\ncase $1 in bad*) : > '" + witness + "';; esac\n");
    program(bin.resolve("ls"), "#!/bin/sh\necho bad\n");
    for (String name : List.of("bash", "cat", "env", "xargs")) {
      Files.createSymbolicLink(bin.resolve(name), Path.of("/usr/bin", name));
    }
    Files.writeString(Files.createDirectories(temp.resolve("cwd")).resolve("bad"), "");
    long seed = Long.getLong("helm.oracle.seed", System.nanoTime());
    Random random = new Random(seed);
    int ran = 0;
    int bad = 0;
    for (int i = 0; i < 20_000 && ran < Integer.getInteger("helm.oracle.runs", 300); i++) {
      StringBuilder command = new StringBuilder();
      int length = 3 + random.nextInt(9);
      for (int piece = 0; piece < length; piece++) {
        command.append(WORDS[random.nextInt(WORDS.length)]);
      }
      String text = command.toString();
      boolean allowed = verdict(NOT_BAD, text) instanceof Verdict.Allow;
      if (text.contains("see") && (allowed || i % 20 == 0)) {
        ran += allowed ? 1 : 0;
        boolean seen = leavesAWitness(text);
        bad += seen ? 1 : 0;
        assertThat(allowed && seen).as("seed %d: %s", seed, text).isFalse();
      }
    }
    assertThat(ran).as("seed %d", seed).isGreaterThan(50);
    assertThat(bad).as("some commands hand it over, seed %d", seed).isPositive();
  }

  private static Verdict verdict(String command) {
    return verdict(RULES, command);
  }

  private static Verdict verdict(Rules rules, String command) {
    return rules.check(ToolCall.of("t", "Bash", "{\"command\":" + new TextNode(command) + "}"));
  }

  private boolean leavesAWitness(String command) throws Exception {
    Files.deleteIfExists(witness);
    Path cwd = Files.createDirectories(temp.resolve("cwd"));
    ProcessBuilder bash =
        new ProcessBuilder("/bin/bash", "-c", command + "\nwait")
            .directory(cwd.toFile())
            .redirectErrorStream(true)
            .redirectInput(new java.io.File("/dev/null"))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    bash.environment().clear();
    bash.environment().put("PATH", temp.resolve("bin").toString());
    Process process = bash.start();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    return Files.exists(witness);
  }
}
