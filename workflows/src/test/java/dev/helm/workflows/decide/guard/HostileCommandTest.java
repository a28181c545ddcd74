package dev.helm.workflows.decide.guard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.workflows.decide.guard.shell.Parser;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Garbage, halves of commands and commands made to be expensive: an answer, and soon. */
class HostileCommandTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final String[] PIECES = {
    "rm ",
    "-rf ",
    "/",
    "$(",
    ")",
    "`",
    "'",
    "\"",
    "\\",
    "${",
    "}",
    "x",
    "=",
    "((",
    "))",
    "[[ ",
    " ]]",
    "<<E",
    "\nE\n",
    "<(",
    ">",
    "&",
    "|",
    ";",
    "\n",
    "if ",
    "then ",
    "fi ",
    "for i in ",
    "do ",
    "done ",
    "case ",
    " in ",
    "esac ",
    "*",
    "?",
    "[",
    "]",
    "{a,b}",
    "~",
    "#",
    "!",
    "$'",
    "\\x41",
    "eval ",
    "sh -c ",
    "echo ",
    "| base64 -d ",
    "\0",
    "\r",
    "é",
    "\uE012",
    "function ",
    "() { ",
    "; }",
    "<<<",
    "$((",
    "1+",
    "${x:-",
    "${x//",
    "xargs ",
    "find . -exec ",
    "python3 -c ",
    "awk ",
    "sed s/",
    "while ",
    "tr a-z n-za-m ",
    "$@",
    "\uD800"
  };

  @Test
  void garbageIsAnswered() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder command = new StringBuilder();
      int length = 1 + random.nextInt(14);
      for (int piece = 0; piece < length; piece++) {
        command.append(PIECES[random.nextInt(PIECES.length)]);
      }
      answered(command.toString(), seed);
    }
  }

  @Test
  void halvesAreAnswered() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<String> whole =
        List.of(
            "for f in $(find / -name '*.x' | sort -u); do case $f in (a|b) rm \"$f\" ;; *) : ;; esac; done",
            "cat <<E | sed 's/a/b/g' > \"${OUT:-x}\" && python3 -c \"import os; os.system('ls')\"\n$(date)\nE\n",
            "x=$(echo $(( (1+2)*3 ))); [[ $x -gt 1 && -f y ]] || { echo {a..c}{1,2}; } 2>&1 | tee >(wc -l)");
    for (int i = 0; i < 3_000; i++) {
      String command = whole.get(random.nextInt(whole.size()));
      int from = random.nextInt(command.length());
      answered(command.substring(from, from + random.nextInt(command.length() - from)), seed);
    }
  }

  private static void answered(String command, long seed) {
    Judgement judgement = CommandGuard.judge(command);
    assertThat(judgement.reason())
        .as("seed %d: %s", seed, command)
        .isNotBlank()
        .doesNotContain("The guard failed")
        .doesNotContainPattern("[\uE000-\uE0FF]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "$(",
        "$((",
        "((",
        "(",
        "${x:-",
        "`",
        "\"$(",
        "{ ",
        "if true; then ",
        "[",
        "{a,",
        "<(",
        "a=$(",
        "eval ",
        "sh -c ",
        "while ",
        "f(){ ",
        "{a,b}",
        "xargs ",
        "sudo ",
        "$'\\x",
        "case x in x) ",
        "'",
        "<<E ",
        "*",
        "?*",
        "\\",
        "!",
        "time ",
        "$x",
        "echo x|",
        "bash -c 'bash -c "
      })
  void repeatedPiecesCostLittle(String piece) {
    for (int times : new int[] {10, 100, 1_000, 20_000}) {
      long start = System.nanoTime();
      CommandGuard.judge(piece.repeat(times));
      CommandGuard.judge(piece.repeat(times) + "x" + ")}".repeat(times));
      ProgramCalls.of(piece.repeat(times));
      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .as("%s × %d", piece, times)
          .isLessThan(PATIENCE);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "f() { f; f; }; f",
        "a=x; for i in {1..200}; do a=$a$a; done; echo $a",
        "x='$x$x'; eval eval eval eval eval echo $x",
        "for i in {1..200}; do for j in {1..200}; do for k in {1..200}; do echo $i$j$k; done; done; done",
        "echo {1..200}{1..200}{1..200}{1..200}",
        "sh -c 'sh -c \"$0\" \"$0\"' 'sh -c \"$0\" \"$0\"'",
        "echo 'bash x' > x; bash x",
        "alias a='b' b='a'; a; b",
        "x=${x:-${x:-${x:-${x:-${x:-y}}}}}; y=${y//?/$x$x$x$x}; echo ${y//?/$x$x$x}",
        "printf '%s%s%s%s' {1..200}{1..200} | xargs -n1 sh -c 'echo $0'"
      })
  void expensiveCommandsEnd(String command) {
    long start = System.nanoTime();
    CommandGuard.judge(command);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(PATIENCE);
  }

  @Test
  void aLongCommandIsAsked() {
    Judgement judgement = CommandGuard.judge("echo " + "x".repeat(Parser.CHARS_MAX));
    assertThat(judgement.verdict()).isEqualTo(Verdict.ASK);
    assertThat(judgement.reason()).contains("longer than");
  }

  /** What the parser calls a mistake bash does too, and the other way about. */
  @Test
  void bashAgreesOnWhatIsACommand() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int agreed = 0;
    int tried = 0;
    StringBuilder differ = new StringBuilder();
    for (int i = 0; i < 400; i++) {
      StringBuilder command = new StringBuilder();
      int length = 1 + random.nextInt(6);
      for (int piece = 0; piece < length; piece++) {
        command.append(PIECES[random.nextInt(PIECES.length)]);
      }
      String text = command.toString();
      if (text.indexOf('\0') >= 0 || text.indexOf('\uD800') >= 0) {
        continue;
      }
      tried++;
      boolean ours = Parser.read(text).mistake() == null;
      if (ours == bashReads(text)) {
        agreed++;
      } else {
        differ
            .append(ours ? "  only ours: " : "  only bash: ")
            .append(text.replace("\n", "\\n"))
            .append('\n');
      }
    }
    System.out.printf("guard · syntax: bash agrees on %d of %d%n%s", agreed, tried, differ);
    assertThat((double) agreed / tried).as("seed %d", seed).isGreaterThan(0.9);
  }

  private static boolean bashReads(String text) throws Exception {
    Process process =
        new ProcessBuilder("bash", "-n", "-c", "\n" + text)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    process.getOutputStream().close();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return process.exitValue() == 0;
  }
}
