package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What agents do every day works under the filter; what only an escape does fails. */
@Tag("engine")
@Timeout(180)
final class OrdinaryProgramsTest {
  /** As i386 calls getpid by int 0x80, the way around a filter that knows one table only. */
  private static final String OTHER_TABLE =
      """
      import ctypes, mmap
      code = bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3])
      page = mmap.mmap(-1, 4096, prot=7)
      page.write(code)
      call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
      print("PASSED" if call() > 0 else "failed")
      """;

  private TestEngine machine;

  @BeforeEach
  void open() throws IOException {
    machine = TestEngine.open(0, List.of());
  }

  @AfterEach
  void close() throws IOException {
    if (machine != null) {
      machine.close();
    }
  }

  @Test
  void theyWork() throws Exception {
    try (DockerSandbox sandbox = machine.sandbox(machine.store())) {
      Slot slot = sandbox.claim(TestEngine.newRun());
      String script =
          """
          set -e
          git init -q r; cd r
          git -c user.name=a -c user.email=b commit -q --allow-empty -m first; git log --format=%s
          mkfifo pipe; (echo through > pipe &); cat pipe
          cp --reflink=auto /etc/passwd copy; cmp copy /etc/passwd
          sqlite3 x.db 'create table a(b); insert into a values(42); select b from a'
          tar cf - . | xz | xz -d | tar tf - | grep -c copy
          seq 100000 | sort -R | sort -n | tail -1
          curl -s -m 2 --noproxy '*' http://127.0.0.1:1 || echo "curl $?"
          openssl rand -hex 8 | wc -c
          timeout 5 make -s -f /dev/null || echo "make $?"
          helm-executor version
          python3 - <<'X'
          import asyncio, multiprocessing, os, pty, selectors, socket, subprocess, tempfile, threading
          def double(x): return 2 * x
          with multiprocessing.Pool(2) as pool: print(pool.map(double, [1, 2]))
          print(subprocess.run(["sh", "-c", "echo sub"], capture_output=True, text=True).stdout, end="")
          async def main():
              server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
              print(server.sockets[0].getsockname()[0]); server.close()
          asyncio.run(main())
          a, b = socket.socketpair(); a.send(b"x"); print(b.recv(1))
          print(len(socket.if_nameindex()))
          master, slave = pty.openpty(); print(os.isatty(slave), os.get_terminal_size(slave).columns >= 0)
          t = threading.Thread(target=lambda: print("thread")); t.start(); t.join()
          os.mkfifo("f2"); os.setxattr  # the name exists
          with tempfile.NamedTemporaryFile() as f: os.posix_fallocate(f.fileno(), 0, 4096); print(os.stat(f.name).st_size)
          X
          """;
      assertThat(bash(sandbox, slot, "k", script))
          .isEqualTo(
              """
              first
              through
              42
              1
              100000
              curl 7
              17
              make 2
              helm-executor 0.1.0
              [2, 4]
              sub
              127.0.0.1
              b'x'
              1
              True True
              thread
              4096
              """
                  .replace("make 2\n", "make: *** No targets.  Stop.\nmake 2\n"));
    }
  }

  @Test
  void theOtherSystemCallTableIsShut() throws Exception {
    Files.writeString(machine.home.resolve("attack.py"), OTHER_TABLE);
    try (DockerSandbox sandbox = machine.sandbox(machine.store())) {
      Slot slot = sandbox.claim(TestEngine.newRun());
      assertThat(bash(sandbox, slot, "k", "python3 -c '" + OTHER_TABLE + "'; echo $?"))
          .doesNotStartWith("PASSED")
          .contains("Bad system call")
          .endsWith("159\n"); // SIGSYS
    }
  }

  /** The control: with the engine's own filter the same bytes succeed. */
  @Test
  void itIsOpenWithTheEnginesOwnFilter() throws Exception {
    try (Engine engine =
        new Engine(machine.settings.engine()) {
          @Override
          CreateContainerCmd request(DockerClient client, ContainerPlan plan) {
            CreateContainerCmd made =
                super.request(client, plan)
                    .withEntrypoint("/bin/sh", "-c")
                    .withCmd("python3 -c '" + OTHER_TABLE + "' > /slot/out 2>&1; sleep 100");
            Objects.requireNonNull(made.getHostConfig())
                .withSecurityOpts(List.of("no-new-privileges"));
            return made;
          }
        }) {
      String slot = Ids.newSlot();
      machine.workspaces.makeSlot(slot, new byte[0]);
      engine.start(engine.create(machine.plan(slot)));
      Path out = machine.workspaces.box(slot).resolve("out");
      long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (!Files.exists(out) || Files.size(out) == 0) {
        assertThat(System.nanoTime()).isLessThan(due);
        TimeUnit.MILLISECONDS.sleep(20);
      }
      assertThat(out).hasContent("PASSED\n");
    }
  }

  /** A setuid program is a way to another user where no-new-privileges would fail. */
  @Test
  void theImageHasNoProgramWithRightsOfItsOwn() throws Exception {
    try (DockerSandbox sandbox = machine.sandbox(machine.store())) {
      Slot slot = sandbox.claim(TestEngine.newRun());
      String walk =
          """
          import os, stat
          seen = found = 0
          for top, dirs, files in os.walk("/"):
              dirs[:] = [d for d in dirs if os.path.join(top, d) not in ("/proc", "/sys")]
              for name in dirs + files:
                  path = os.path.join(top, name); seen += 1
                  info = os.lstat(path)
                  if stat.S_ISREG(info.st_mode) and info.st_mode & 0o6000: print(oct(info.st_mode), path); found += 1
                  try:
                      if os.getxattr(path, "security.capability", follow_symlinks=False): print("capability", path); found += 1
                  except OSError: pass
          print("found", found, seen > 5000)
          os.makedirs("x"); open("x/s", "w").close(); os.chmod("x/s", 0o4755); print(oct(os.stat("x/s").st_mode & 0o7777))
          """;
      assertThat(bash(sandbox, slot, "k", "python3 - <<'X'\n" + walk + "X\n"))
          // The control: such a bit would be seen.
          .isEqualTo("found 0 True\n0o4755\n");
    }
  }

  private static String bash(DockerSandbox sandbox, Slot slot, String key, String script)
      throws Exception {
    return TestEngine.bash(sandbox, slot, key, script, 90);
  }
}
