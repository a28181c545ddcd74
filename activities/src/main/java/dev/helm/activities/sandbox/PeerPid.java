package dev.helm.activities.sandbox;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Method;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * The process id behind a unix socket, as the kernel tells it. The JDK's own SO_PEERCRED gives
 * names only, so this calls getsockopt; it needs {@code --enable-native-access=ALL-UNNAMED
 * --add-opens java.base/sun.nio.ch=ALL-UNNAMED}.
 */
final class PeerPid {
  /** What {@link #of} says when the JVM may not look. */
  static final int UNAVAILABLE = -1;

  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERCRED = 17;
  private static final int UCRED_BYTES = 12;
  private static final @Nullable MethodHandle GETSOCKOPT = bind();

  private PeerPid() {}

  /**
   * The peer's pid in this process's pid namespace; 0 if it is in none that we can see (the service
   * itself runs in a container); {@link #UNAVAILABLE} if the JVM was started without the flags.
   */
  static int of(SocketChannel channel) {
    MethodHandle getsockopt = GETSOCKOPT;
    if (getsockopt == null) {
      return UNAVAILABLE;
    }
    try (Arena arena = Arena.ofConfined()) {
      Method getFd = channel.getClass().getMethod("getFDVal");
      getFd.setAccessible(true);
      int fd = (int) getFd.invoke(channel);
      MemorySegment credentials = arena.allocate(UCRED_BYTES, 4);
      MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_INT, UCRED_BYTES);
      int result =
          (int) getsockopt.invokeExact(fd, SOL_SOCKET, SO_PEERCRED, credentials, length);
      return result == 0 ? credentials.get(ValueLayout.JAVA_INT, 0) : UNAVAILABLE;
    } catch (Throwable e) {
      return UNAVAILABLE;
    }
  }

  private static @Nullable MethodHandle bind() {
    try {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().find("getsockopt").orElseThrow(),
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.ADDRESS));
    } catch (RuntimeException e) {
      return null;
    }
  }
}
