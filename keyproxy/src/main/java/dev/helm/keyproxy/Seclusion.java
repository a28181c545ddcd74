package dev.helm.keyproxy;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** Closes this process, and the file that the key came from, to all other programs. */
final class Seclusion {
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int RLIMIT_CORE = 4;

  private Seclusion() {}

  // Attack: another program of this user, or one that crashed this process, takes the key from
  // /proc/PID/mem, a debugger's attachment, or a core file.
  static void enter() throws StartException {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle prctl = function("prctl");
      MethodHandle setrlimit = function("setrlimit");
      long noBytes = arena.allocate(JAVA_LONG, 2).address();
      boolean done =
          (int) setrlimit.invokeExact(RLIMIT_CORE, noBytes) == 0
              && (int) prctl.invokeExact(PR_SET_DUMPABLE, 0L) == 0
              && (int) prctl.invokeExact(PR_GET_DUMPABLE, 0L) == 0;
      if (!done) {
        throw new StartException("the kernel does not let this process hide its memory");
      }
    } catch (StartException e) {
      throw e;
    } catch (Throwable e) {
      throw new StartException("this process cannot hide its memory: " + e);
    }
  }

  /** Both take an int and a word; one form for both, because each costs a part of the start. */
  private static MethodHandle function(String name) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG),
        Linker.Option.firstVariadicArg(1));
  }

  // Attack: the key file was opened to others, or given to another user, after the launcher looked.
  static void checkKeyFile() throws IOException, StartException {
    Path input = Path.of("/proc/self/fd/0");
    int mode = (int) Files.getAttribute(input, "unix:mode");
    int uid = (int) Files.getAttribute(input, "unix:uid");
    int own = (int) Files.getAttribute(Path.of("/proc/self/task"), "unix:uid");
    boolean file = (mode & 0170000) == 0100000;
    if (file && ((mode & 0177) != 0 || (uid != 0 && uid != own))) {
      throw new StartException(
          "the model key file may be read by others than its owner, or is not this user's; chmod"
              + " 600 it and give it to this user or root");
    }
  }
}
