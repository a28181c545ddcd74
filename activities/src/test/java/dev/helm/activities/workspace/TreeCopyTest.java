package dev.helm.activities.workspace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class TreeCopyTest {
  private static final WorkspaceLimits LIMITS = new WorkspaceLimits(64 << 20, 5_000, 128);

  @TempDir private Path top;
  private Path from;
  private Path to;

  @BeforeEach
  void layOut() throws Exception {
    from = Files.createDirectory(top.resolve("from"));
    to = Files.createDirectory(top.resolve("to"));
  }

  private String shell(Path in, String line) throws Exception {
    Process process =
        new ProcessBuilder("/bin/bash", "-c", line)
            .directory(in.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  private TreeCopy.Report copy() throws Exception {
    return TreeCopy.run(from, to, null, LIMITS, -1);
  }

  @Test
  void aTreeComesOverAsItWas() throws Exception {
    shell(
        from,
        """
        mkdir -p a/b/empty; echo one > a/one; head -c 3M /dev/urandom > a/b/big; : > a/none
        ln a/one a/b/same; ln a/one again; ln -s ../one a/b/link; ln -s /etc/passwd out
        ln -s nowhere dangling; chmod 640 a/one; chmod 751 a/b; chmod 500 a/b/empty
        printf x > $'odd\\n\\xff name'; touch -d '2001-02-03 04:05:06.789' a/b/big a
        truncate -s 3G sparse; printf end | dd of=sparse bs=1 seek=1000000000 conv=notrunc status=none
        """);
    TreeCopy.Report report = copy();
    assertThat(report.beyond() + report.special()).isZero();
    String list = "find . -mindepth 1 -printf '%P %y %m %s %n %l %TY-%Tm-%Td\\n' | LC_ALL=C sort";
    assertThat(shell(to, list)).isEqualTo(shell(from, list));
    assertThat(shell(top, "diff -r --no-dereference from to")).isEmpty();
    assertThat(shell(to, "stat -c %i a/one a/b/same again | uniq | wc -l")).isEqualTo("1\n");
    assertThat(Files.getLastModifiedTime(to.resolve("a")))
        .isEqualTo(Files.getLastModifiedTime(from.resolve("a")));
    // A file of three gigabytes that is one hole takes no three gigabytes here either.
    assertThat(report.bytes()).isLessThan(4 << 20);
    assertThat(Long.parseLong(shell(to, "stat -c %b sparse").strip())).isLessThan(100);
  }

  @Test
  void whatIsNoFileIsLeftOutAndNamed() throws Exception {
    shell(
        from,
        "mkfifo fifo; mkdir d; echo x > d/file; python3 -c \"import socket as s;"
            + " s.socket(s.AF_UNIX).bind('d/sock')\"");
    TreeCopy.Report report = copy();
    assertThat(report.special()).isEqualTo(2);
    assertThat(report.notes()).anyMatch(n -> n.startsWith("fifo: ")).hasSize(2);
    assertThat(to.resolve("d/file")).hasContent("x\n");
    assertThat(shell(to, "find . -type p -o -type s")).isEmpty();
  }

  @Test
  void setuidIsTakenAway() throws Exception {
    shell(from, "cp /usr/bin/true t; chmod 6755 t; mkdir d; chmod 3777 d");
    copy();
    assertThat(shell(to, "stat -c %a t d")).isEqualTo("755\n777\n");
    assertThat(shell(from, "stat -c %a t")).isEqualTo("6755\n");
  }

  /** A container owns its files and may lock them; as root this shows nothing. */
  @Test
  void whatIsLockedComesOverLocked() throws Exception {
    shell(
        from,
        "mkdir -p locked/in; echo x > locked/in/file; chmod 0 locked/in/file locked/in locked");
    copy();
    assertThat(shell(to, "stat -c %a locked")).isEqualTo("0\n");
    shell(to, "chmod 700 locked; chmod 700 locked/in; chmod 600 locked/in/file");
    assertThat(to.resolve("locked/in/file")).hasContent("x\n");
  }

  @Test
  void limitsLeaveOutAndSayWhat() throws Exception {
    shell(from, "for i in $(seq 200); do mkdir d; cd d; echo x > f; done");
    TreeCopy.Report deep = copy();
    assertThat(deep.beyond()).isOne();
    assertThat(deep.notes().getFirst()).contains("deeper than 128");
    assertThat(shell(to, "find . -type f | wc -l")).isEqualTo("127\n");

    Path many = Files.createDirectory(top.resolve("many"));
    Path into = Files.createDirectory(top.resolve("into"));
    // Names without end on one inode: no disk's size bounds them.
    shell(many, "echo x > f; for i in $(seq 300); do ln f l$i; done");
    TreeCopy.Report names =
        TreeCopy.run(many, into, null, new WorkspaceLimits(1 << 20, 100, 10), -1);
    assertThat(names.entries()).isEqualTo(100);
    assertThat(names.beyond()).isEqualTo(201);
    assertThat(names.notes()).hasSize(20);

    Path fat = Files.createDirectory(top.resolve("fat"));
    Path thin = Files.createDirectory(top.resolve("thin"));
    shell(fat, "head -c 900K /dev/zero > a; head -c 900K /dev/zero > b; echo x > c");
    TreeCopy.Report bytes =
        TreeCopy.run(fat, thin, null, new WorkspaceLimits(1 << 20, 100, 10), -1);
    assertThat(bytes.beyond()).isOne();
  }

  private static final WorkspaceLimits MANY = new WorkspaceLimits(64 << 20, 200_000, 128);

  /** Gives one file so many names, or as many as the file system lets it have. */
  private int names(Path in, int most) throws Exception {
    String said =
        shell(
            in,
            """
            python3 - <<'END'
            import errno, os
            open('f', 'w').write('kept')
            n = 1
            try:
                while n < %d:
                    os.link('f', f'l{n}')
                    n += 1
            except OSError as e:
                assert e.errno == errno.EMLINK, e
            print(n)
            END
            """
                .formatted(most));
    return Integer.parseInt(said.strip());
  }

  private String namesPerFile() throws Exception {
    return shell(to, "find . -type f -printf '%n\\n' | sort -n | uniq -c | tr -s ' '");
  }

  @Test
  void aFileWithAllTheNamesItCanHaveComesOver() throws Exception {
    int most = names(from, 70_000);
    assumeTrue(most < 70_000, "needs a file system that bounds a file's names");
    TreeCopy.Report report = TreeCopy.run(from, to, null, MANY, -1);
    assertThat(report.entries()).isEqualTo(most);
    assertThat(report.beyond()).isZero();
    assertThat(namesPerFile()).isEqualTo(" " + most + " " + most + "\n");
    assertThat(to.toFile().list()).hasSize(most);
  }

  @Test
  void aFileWithMoreNamesThanTheTargetAllowsIsSeveralFilesThere() throws Exception {
    Path memory = Path.of("/dev/shm");
    assumeTrue(Files.isWritable(memory), "needs a file system without a bound");
    Path probe = Files.createDirectory(top.resolve("probe"));
    int most = names(probe, 70_000);
    assumeTrue(most < 70_000, "needs a target that bounds a file's names");
    from = Files.createTempDirectory(memory, "helm-names");
    try {
      assumeTrue(names(from, most + 10) == most + 10, "needs a source without that bound");
      TreeCopy.Report report = TreeCopy.run(from, to, null, MANY, -1);
      assertThat(report.entries()).isEqualTo(most + 10);
      assertThat(report.beyond()).isZero();
      assertThat(namesPerFile()).isEqualTo(" 10 10\n " + most + " " + most + "\n");
      assertThat(shell(to, "cat f l1 l69 | tr -d '\\n'")).isEqualTo("keptkeptkept");
    } finally {
      shell(top, "rm -rf " + from);
    }
  }

  /** Inside a removed directory the kernel says that there is no such file. */
  @Test
  void aDirectoryThatIsRemovedMeanwhileIsEmpty() throws Exception {
    Path gone = Files.createDirectory(from.resolve("gone"));
    try (Kernel kernel = new Kernel()) {
      int fd = kernel.openRoot(gone);
      Files.delete(gone);
      assertThat(kernel.next(fd)).isEmpty();
      kernel.close(fd);
    }
  }

  @Test
  void oneEntryCanBeSkippedAtTheTopOnly() throws Exception {
    shell(from, "mkdir -p workspace other/workspace; touch workspace/a other/workspace/b c");
    TreeCopy.run(from, to, "workspace", LIMITS, -1);
    assertThat(shell(to, "find . -type f | sort")).isEqualTo("./c\n./other/workspace/b\n");
  }

  @Test
  void noRoomIsToldInPlainWords() throws Exception {
    Path small = Files.createDirectory(top.resolve("small"));
    if (new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=1m", "none", small.toString())
            .start()
            .waitFor()
        != 0) {
      org.junit.jupiter.api.Assumptions.abort("needs the right to mount");
    }
    try {
      shell(from, "head -c 3M /dev/zero > big");
      assertThatThrownBy(() -> TreeCopy.run(from, small, null, LIMITS, -1))
          .isInstanceOfSatisfying(
              WorkspaceException.class,
              e -> assertThat(e.reason()).isEqualTo(WorkspaceException.Reason.FULL));
    } finally {
      new ProcessBuilder("umount", small.toString()).start().waitFor();
    }
  }

  @Test
  void linksOnTheWayAreNotFollowed() throws Exception {
    Path outside = Files.createDirectory(top.resolve("outside"));
    Files.writeString(outside.resolve("secret"), "x");
    Files.createSymbolicLink(from.resolve("d"), outside);
    copy();
    assertThat(Files.isSymbolicLink(to.resolve("d"))).isTrue();
    Path link = Files.createSymbolicLink(top.resolve("link"), outside);
    assertThatThrownBy(() -> TreeCopy.run(link, to, null, LIMITS, -1)).isInstanceOf(Errno.class);
    assertThatThrownBy(() -> TreeCopy.run(from, link, null, LIMITS, -1)).isInstanceOf(Errno.class);
    assertThat(outside).isDirectoryContaining("glob:**/secret");
    assertThat(outside.toFile().list()).hasSize(1);
  }

  @Test
  void usageIsMeasuredAndItsWalkEnds() throws Exception {
    shell(
        from,
        "mkdir -p a/b/c; head -c 1M /dev/zero > a/big; ln a/big a/b/same; truncate -s 1T hole;"
            + " for i in $(seq 50); do : > f$i; done");
    TreeUsage usage = TreeUsage.measure(from, LIMITS);
    assertThat(usage.bytes()).isBetween(1L << 20, (1L << 20) + 100_000);
    assertThat(usage.files()).isEqualTo(56);
    assertThat(usage.depth()).isEqualTo(4);
    assertThat(usage.complete()).isTrue();
    TreeUsage cut = TreeUsage.measure(from, new WorkspaceLimits(1 << 30, 10, 128));
    assertThat(cut.complete()).isFalse();
    assertThat(cut.files()).isEqualTo(11);
    assertThat(TreeUsage.measure(from, new WorkspaceLimits(1 << 30, 1000, 2)).depth()).isEqualTo(3);
  }

  @Test
  void timesAndNothingElseMayDiffer() throws Exception {
    Files.writeString(from.resolve("f"), "x");
    Files.setLastModifiedTime(from.resolve("f"), FileTime.from(1_000_000_007, TimeUnit.SECONDS));
    Files.createSymbolicLink(from.resolve("l"), Path.of("f"));
    copy();
    assertThat(Files.getLastModifiedTime(to.resolve("l"), LinkOption.NOFOLLOW_LINKS))
        .isEqualTo(Files.getLastModifiedTime(from.resolve("l"), LinkOption.NOFOLLOW_LINKS));
    assertThat(Files.getLastModifiedTime(to.resolve("f")).toMillis()).isEqualTo(1_000_000_007_000L);
  }
}
