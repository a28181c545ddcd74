package dev.helm.activities.workspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.activities.workspace.WorkspaceException.Reason;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
final class WorkspaceFilesTest {
  private static final int CALLS = 10_000;

  @TempDir private Path top;
  private HostileField field;
  private WorkspaceFiles files;

  @BeforeEach
  void layOut() throws Exception {
    field = new HostileField(top);
    files = WorkspaceFiles.at(field.root);
  }

  private interface FileCall {
    String run(WorkspacePath path) throws IOException;
  }

  private List<FileCall> calls() {
    return List.of(
        path -> new String(files.read(path, 1 << 20), StandardCharsets.UTF_8),
        path -> {
          files.write(path, "written".getBytes(StandardCharsets.UTF_8));
          return "written";
        },
        path -> files.list(path, 100).toString());
  }

  @Test
  void filesAreReadWrittenAndListed() throws Exception {
    assertThat(files.read(WorkspacePath.of("/workspace/dir/file"), 100))
        .asString()
        .isEqualTo("inside");
    assertThat(files.read(WorkspacePath.of("/slot/workspace//dir/./file"), 100)).hasSize(6);
    assertThat(files.read(WorkspacePath.of("real/deep/../beside"), 100)).hasSize(6);
    Files.setAttribute(field.root.resolve("dir/file"), "unix:mode", 0750);
    files.write(WorkspacePath.of("dir/file"), new byte[] {'n', 'e', 'w'});
    files.write(WorkspacePath.of("fresh"), new byte[200_000]);
    assertThat(field.root.resolve("dir/file")).hasContent("new");
    assertThat((Integer) Files.getAttribute(field.root.resolve("dir/file"), "unix:mode") & 0777)
        .isEqualTo(0750);
    assertThat(files.read(WorkspacePath.of("fresh"), 200_000)).hasSize(200_000);
    assertThat(files.list(WorkspacePath.of("dir"), 10))
        .extracting(WorkspaceFiles.Entry::name, WorkspaceFiles.Entry::type)
        .contains(
            org.assertj.core.groups.Tuple.tuple("file", WorkspaceFiles.Type.FILE),
            org.assertj.core.groups.Tuple.tuple("out", WorkspaceFiles.Type.LINK));
    assertThat(files.list(WorkspacePath.of("."), 100)).hasSizeGreaterThan(15);
    assertThat(files.exists()).isTrue();
    assertThatThrownBy(() -> files.read(WorkspacePath.of("fresh"), 199_999))
        .isInstanceOfSatisfying(
            WorkspaceException.class, e -> assertThat(e.reason()).isEqualTo(Reason.TOO_LARGE));
    assertThatThrownBy(() -> files.list(WorkspacePath.of("."), 3))
        .hasMessageContaining("more than");
  }

  @Test
  void everyHostilePathIsRefusedByEveryCall() throws Exception {
    List<String> paths = field.paths();
    assertThat(paths).hasSizeGreaterThan(60);
    for (FileCall call : calls()) {
      for (String path : paths) {
        String said;
        try {
          said = call.run(WorkspacePath.of(path));
        } catch (IOException e) {
          said = "refused " + e;
        }
        assertThat(said).as(path).doesNotContain(HostileField.CANARY).doesNotContain("root:x:0");
        // What is merely odd may be a new file inside, or the workspace itself; the rest may not.
        if (!said.startsWith("refused") && !path.equals("real/deep/../beside")) {
          assertThat(path).doesNotStartWith("/").doesNotContain("../").isNotEqualTo("..");
          assertThat(said).as(path).isEqualTo("written");
        }
      }
      assertThat(field.untouched()).isTrue();
    }
  }

  /** Control: by strings the same paths lead out. */
  @Test
  void stringsLeadOut() throws Exception {
    int leaked = 0;
    for (String path : field.paths()) {
      if (path.contains("fifo") || path.contains("\0") || path.contains("dev")) {
        continue;
      }
      try {
        if (Files.readString(field.root.resolve(path)).equals(HostileField.CANARY)) {
          leaked++;
        }
      } catch (IOException | RuntimeException e) {
        continue;
      }
    }
    assertThat(leaked).isGreaterThan(10);
  }

  @Test
  void errorsSayWhatToDo() throws Exception {
    assertThat(refusal("out/secret")).contains("goes through a link");
    assertThat(refusal("inner")).contains("is a link");
    assertThat(refusal("../outside/secret")).contains("leads out of the workspace by ..");
    assertThat(refusal("fifo")).contains("not a regular file");
    assertThat(refusal("nothing")).contains("does not exist");
    assertThat(refusal("dir")).contains("not a regular file");
    assertThat(refusal("dir/file/x")).contains("no directory");
    assertThat(refusal("/etc/passwd")).contains("outside the workspace");
    assertThat(refusal("a\nb")).contains("U+000A");
    assertThat(refusal("a\u202eb")).contains("U+202E");
    assertThat(refusal("a/".repeat(200))).contains("deeper than 128");
    assertThat(refusal("a".repeat(256))).contains("255 bytes");
  }

  private String refusal(String path) {
    try {
      return new String(files.read(WorkspacePath.of(path), 100), StandardCharsets.UTF_8);
    } catch (WorkspaceException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** A mount below the workspace would be somebody else's files; a root only. */
  @Test
  void anotherMountIsNotEntered() throws Exception {
    Path mounted = Files.createDirectory(field.root.resolve("mounted"));
    if (run("mount", "--bind", field.outside.toString(), mounted.toString()) != 0) {
      org.junit.jupiter.api.Assumptions.abort("needs the right to mount");
    }
    try {
      assertThat(refusal("mounted/secret")).contains("another file system");
      assertThat(mounted.resolve("secret")).hasContent(HostileField.CANARY);
    } finally {
      run("umount", mounted.toString());
    }
  }

  @Test
  void namesWithoutTextAreShownEscaped() throws Exception {
    run(
        "bash",
        "-c",
        "cd \"$1\" && touch $'a\\nb' $'c\\xff' $'d\\u202e'",
        "x",
        field.root + "/dir");
    assertThat(files.list(WorkspacePath.of("dir"), 100))
        .extracting(WorkspaceFiles.Entry::name)
        .contains("a\\u{A}b", "c\\u{FFFD}", "d\\u{202E}");
  }

  /** A directory turns into a link to outside and back, as fast as another thread can do it. */
  @Test
  void noRaceLeadsOut() throws Exception {
    race();
    List<FileCall> calls = calls();
    for (FileCall call : calls) {
      AtomicBoolean done = new AtomicBoolean();
      AtomicLong swaps = new AtomicLong();
      Thread turner = turner(done, swaps);
      int through = 0;
      WorkspacePath file = WorkspacePath.of("turn/secret");
      WorkspacePath directory = WorkspacePath.of("turn");
      for (int i = 0; i < CALLS; i++) {
        String said;
        try {
          said = call.run(call == calls.get(2) ? directory : file);
          through++;
        } catch (IOException e) {
          said = e.toString();
        }
        assertThat(said).doesNotContain(HostileField.CANARY);
      }
      done.set(true);
      turner.join();
      System.out.println(
          "race: " + CALLS + " calls, " + swaps + " swaps, " + through + " went through");
      assertThat(swaps.get()).isPositive();
      assertThat(field.untouched()).isTrue();
    }
  }

  /** Control: check, then use by name, is beaten by the same race. */
  @Test
  void theRaceBeatsNaiveCode() throws Exception {
    race();
    AtomicBoolean done = new AtomicBoolean();
    Thread turner = turner(done, new AtomicLong());
    boolean leaked = false;
    Path file = field.root.resolve("turn/secret");
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(100);
    while (!leaked && System.nanoTime() < due) {
      try {
        leaked =
            file.toRealPath().startsWith(field.root.toRealPath())
                && Files.readString(file).equals(HostileField.CANARY);
      } catch (IOException e) {
        continue;
      }
    }
    done.set(true);
    turner.join();
    assertThat(leaked).isTrue();
  }

  private void race() throws IOException {
    Files.createDirectory(field.root.resolve("turn"));
    Files.writeString(field.root.resolve("turn/secret"), "inside");
    Files.createSymbolicLink(field.root.resolve("turn2"), field.outside);
  }

  /** Three renames a turn: the JDK cannot exchange two names in one step. */
  private Thread turner(AtomicBoolean done, AtomicLong swaps) {
    return Thread.ofPlatform()
        .start(
            () -> {
              String[] names = {"turn", "spare", "turn2", "turn", "spare", "turn2"};
              try {
                while (!done.get()) {
                  for (int i = 0; i < names.length; i += 2) {
                    Files.move(field.root.resolve(names[i]), field.root.resolve(names[i + 1]));
                  }
                  swaps.incrementAndGet();
                }
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
  }

  /** A path that nobody checked cannot exist, and no source outside takes one to a file. */
  @Test
  void stringsCannotReachWorkspaceFiles() throws Exception {
    for (Constructor<?> constructor : WorkspacePath.class.getDeclaredConstructors()) {
      assertThat(Modifier.isPrivate(constructor.getModifiers())).isTrue();
    }
    assertThat(
            Arrays.stream(WorkspaceFiles.class.getMethods())
                .filter(m -> m.getDeclaringClass() == WorkspaceFiles.class)
                .filter(m -> !Modifier.isStatic(m.getModifiers())))
        .allSatisfy(
            m ->
                assertThat(m.getParameterTypes())
                    .doesNotContain(String.class, Path.class)
                    .satisfies(types -> assertThat(m.getReturnType()).isNotEqualTo(Path.class)));
    Path sources = Path.of("..").toRealPath();
    for (String module : List.of("activities", "service", "workflows")) {
      try (Stream<Path> tree = Files.walk(sources.resolve(module).resolve("src/main/java"))) {
        List<Path> java = tree.filter(p -> p.toString().endsWith(".java")).toList();
        assertThat(java).isNotEmpty();
        for (Path file : java) {
          String text = Files.readString(file);
          boolean home =
              file.toString().contains("/sandbox/")
                  || text.contains("package dev.helm.activities.workspace;");
          if (!home) {
            assertThat(text)
                .as(file.toString())
                .doesNotContain("resolve(\"workspaces\")")
                .doesNotContain("resolve(\"boxes\")")
                .doesNotContain("resolve(\"slots\")")
                .doesNotContain("WorkspaceFiles.at(");
          }
        }
      }
    }
  }

  private static int run(String... argv) throws Exception {
    return new ProcessBuilder(argv).start().waitFor();
  }
}
