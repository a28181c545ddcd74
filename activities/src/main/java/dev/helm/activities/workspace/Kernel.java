package dev.helm.activities.workspace;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * The system calls that work relative to an open directory, which the JDK has only in part. Names
 * are bytes, one path element each. One instance is for one thread.
 */
final class Kernel implements AutoCloseable {
  static final int RDONLY = 0;
  static final int WRONLY = 1;
  static final int CREATE = 0100;
  static final int EXCLUSIVE = 0200;
  static final int NONBLOCK = 04000;
  static final int CLOEXEC = 02000000;
  static final int PATH = 010000000;
  static final int DIRECTORY = arm() ? 040000 : 0200000;
  static final int NOFOLLOW = arm() ? 0100000 : 0400000;
  static final int REMOVE_DIRECTORY = 0x200;
  static final int SEEK_SET = 0;
  static final int SEEK_DATA = 3;
  static final int SEEK_HOLE = 4;

  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int AT_NO_AUTOMOUNT = 0x800;
  private static final int STATX_BASIC_AND_MOUNT = 0x7ff | 0x1000;
  private static final int NAME_BYTES = 4096;
  private static final int BUFFER_BYTES = 1 << 16;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  private static final long ERRNO_OFFSET =
      Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle OPENAT =
      bind("openat", 3, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = bind("close", -1, JAVA_INT, JAVA_INT);
  private static final MethodHandle STATX =
      bind("statx", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
  private static final MethodHandle GETDENTS =
      bind("getdents64", -1, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle MKDIRAT =
      bind("mkdirat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle SYMLINKAT =
      bind("symlinkat", -1, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
  private static final MethodHandle READLINKAT =
      bind("readlinkat", -1, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG);
  private static final MethodHandle LINKAT =
      bind("linkat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle UNLINKAT =
      bind("unlinkat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle RENAMEAT =
      bind("renameat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
  private static final MethodHandle FCHMOD = bind("fchmod", -1, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle FCHMODAT =
      bind("fchmodat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
  private static final MethodHandle FCHOWNAT =
      bind("fchownat", -1, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle UTIMENSAT =
      bind("utimensat", -1, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_INT);
  private static final MethodHandle FTRUNCATE =
      bind("ftruncate", -1, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle LSEEK =
      bind("lseek", -1, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle SENDFILE =
      bind("sendfile", -1, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle READ =
      bind("read", -1, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle WRITE =
      bind("write", -1, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
  private static final MethodHandle SYNCFS = bind("syncfs", -1, JAVA_INT, JAVA_INT);
  private static final MethodHandle FSYNC = bind("fsync", -1, JAVA_INT, JAVA_INT);
  private static final MethodHandle FSTATVFS = bind("fstatvfs", -1, JAVA_INT, JAVA_INT, ADDRESS);

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
  private final MemorySegment first = arena.allocate(NAME_BYTES + 1);
  private final MemorySegment second = arena.allocate(NAME_BYTES + 1);
  private final MemorySegment record = arena.allocate(256, 8);
  private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, 8);

  /** Opens a directory by a path of the host's own; the last element may not be a link. */
  int openRoot(java.nio.file.Path path) throws Errno {
    byte[] name = path.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    return openAt(AT_FDCWD, name, RDONLY | DIRECTORY | NOFOLLOW, 0);
  }

  int openAt(int directory, byte[] name, int flags, int mode) throws Errno {
    put(first, name);
    return (int)
        checked(
            "open", () -> (int) OPENAT.invokeExact(state, directory, first, flags | CLOEXEC, mode));
  }

  void close(int fd) {
    try {
      int unused = (int) CLOSE.invokeExact(state, fd);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Of the file itself; a link is not followed. */
  Stat stat(int directory, byte[] name) throws Errno {
    put(first, name);
    return statx(directory, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);
  }

  Stat stat(int fd) throws Errno {
    put(first, new byte[0]);
    return statx(fd, AT_EMPTY_PATH);
  }

  private Stat statx(int directory, int flags) throws Errno {
    checked(
        "stat",
        () ->
            (int) STATX.invokeExact(state, directory, first, flags, STATX_BASIC_AND_MOUNT, record));
    return new Stat(
        Short.toUnsignedInt(record.get(JAVA_SHORT, 28)),
        Integer.toUnsignedLong(record.get(JAVA_INT, 16)),
        record.get(JAVA_INT, 20),
        record.get(JAVA_LONG, 32),
        record.get(JAVA_LONG, 40),
        record.get(JAVA_LONG, 48),
        record.get(JAVA_LONG, 112),
        record.get(JAVA_INT, 120),
        record.get(JAVA_LONG, 96),
        record.get(JAVA_INT, 104),
        (Integer.toUnsignedLong(record.get(JAVA_INT, 136)) << 32)
            | Integer.toUnsignedLong(record.get(JAVA_INT, 140)),
        record.get(JAVA_LONG, 144));
  }

  /** The next names of a directory, without "." and ".."; empty at its end or if it is removed. */
  List<byte[]> next(int directory) throws Errno {
    long length;
    try {
      length =
          checked(
              "list",
              () -> (long) GETDENTS.invokeExact(state, directory, buffer, (long) BUFFER_BYTES));
    } catch (Errno e) {
      // A directory made and removed over and over would end each walk that is inside it then.
      if (e.number() == Errno.ENOENT) {
        return List.of();
      }
      throw e;
    }
    List<byte[]> names = new ArrayList<>();
    for (long at = 0; at < length; ) {
      int size = Short.toUnsignedInt(buffer.get(JAVA_SHORT, at + 16));
      long end = at + 19;
      while (buffer.get(JAVA_BYTE, end) != 0) {
        end++;
      }
      byte[] name = buffer.asSlice(at + 19, end - at - 19).toArray(JAVA_BYTE);
      if (!(name[0] == '.' && (name.length == 1 || (name.length == 2 && name[1] == '.')))) {
        names.add(name);
      }
      at += size;
    }
    return names.isEmpty() && length > 0 ? next(directory) : names;
  }

  void makeDirectory(int directory, byte[] name, int mode) throws Errno {
    put(first, name);
    checked("mkdir", () -> (int) MKDIRAT.invokeExact(state, directory, first, mode));
  }

  void makeLink(byte[] target, int directory, byte[] name) throws Errno {
    put(second, target);
    put(first, name);
    checked("symlink", () -> (int) SYMLINKAT.invokeExact(state, second, directory, first));
  }

  byte[] readLink(int directory, byte[] name) throws Errno {
    put(first, name);
    long length =
        checked(
            "readlink",
            () ->
                (long) READLINKAT.invokeExact(state, directory, first, second, (long) NAME_BYTES));
    return second.asSlice(0, length).toArray(JAVA_BYTE);
  }

  void hardLink(int fromDirectory, byte[] from, int toDirectory, byte[] to) throws Errno {
    put(first, from);
    put(second, to);
    checked(
        "link",
        () -> (int) LINKAT.invokeExact(state, fromDirectory, first, toDirectory, second, 0));
  }

  void remove(int directory, byte[] name, boolean isDirectory) throws Errno {
    put(first, name);
    int flags = isDirectory ? REMOVE_DIRECTORY : 0;
    checked("remove", () -> (int) UNLINKAT.invokeExact(state, directory, first, flags));
  }

  void rename(int fromDirectory, byte[] from, int toDirectory, byte[] to) throws Errno {
    put(first, from);
    put(second, to);
    checked(
        "rename",
        () -> (int) RENAMEAT.invokeExact(state, fromDirectory, first, toDirectory, second));
  }

  /**
   * Sets the mode of exactly the file that was opened with {@link #PATH}, which {@code fchmod}
   * refuses to do.
   */
  void modeOfPath(int fd, int mode) throws Errno {
    byte[] name = ("/proc/self/fd/" + fd).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    mode(AT_FDCWD, name, mode);
  }

  /** Opens again what was opened with {@link #PATH}. */
  int reopen(int fd, int flags) throws Errno {
    byte[] name = ("/proc/self/fd/" + fd).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    return openAt(AT_FDCWD, name, flags, 0);
  }

  void mode(int fd, int mode) throws Errno {
    checked("chmod", () -> (int) FCHMOD.invokeExact(state, fd, mode));
  }

  /** Follows a link: only where nobody else can change the directory. */
  void mode(int directory, byte[] name, int mode) throws Errno {
    put(first, name);
    checked("chmod", () -> (int) FCHMODAT.invokeExact(state, directory, first, mode, 0));
  }

  void owner(int directory, byte[] name, int uid) throws Errno {
    put(first, name);
    checked(
        "chown",
        () -> (int) FCHOWNAT.invokeExact(state, directory, first, uid, uid, AT_SYMLINK_NOFOLLOW));
  }

  /** Sets the modification time of the entry itself. */
  void modified(int directory, byte[] name, Stat like) throws Errno {
    put(first, name);
    for (long at = 0; at < 32; at += 16) {
      record.set(JAVA_LONG, at, like.mtimeSeconds());
      record.set(JAVA_LONG, at + 8, like.mtimeNanos());
    }
    checked(
        "utimens",
        () -> (int) UTIMENSAT.invokeExact(state, directory, first, record, AT_SYMLINK_NOFOLLOW));
  }

  void length(int fd, long bytes) throws Errno {
    checked("truncate", () -> (int) FTRUNCATE.invokeExact(state, fd, bytes));
  }

  /** The offset found, or -1 if there is none behind this one (no more data). */
  long seek(int fd, long offset, int whence) throws Errno {
    try {
      return checked("seek", () -> (long) LSEEK.invokeExact(state, fd, offset, whence));
    } catch (Errno e) {
      if (e.number() == 6) {
        return -1; // ENXIO: nothing but a hole up to the end
      }
      throw e;
    }
  }

  /** Copies up to so many bytes at both files' offsets; 0 at the end. */
  long send(int to, int from, long bytes) throws Errno {
    return checked(
        "copy", () -> (long) SENDFILE.invokeExact(state, to, from, MemorySegment.NULL, bytes));
  }

  /** Up to 64 KiB; empty at the end. */
  byte[] read(int fd) throws Errno {
    long length =
        checked("read", () -> (long) READ.invokeExact(state, fd, buffer, (long) BUFFER_BYTES));
    return buffer.asSlice(0, length).toArray(JAVA_BYTE);
  }

  void write(int fd, byte[] bytes) throws Errno {
    write(fd, bytes, 0, bytes.length);
  }

  void write(int fd, byte[] bytes, int offset, int length) throws Errno {
    int at = offset;
    while (at < offset + length) {
      int part = Math.min(BUFFER_BYTES, offset + length - at);
      MemorySegment.copy(bytes, at, buffer, JAVA_BYTE, 0, part);
      at += (int) checked("write", () -> (long) WRITE.invokeExact(state, fd, buffer, (long) part));
    }
  }

  /** All of the file system that this file is on reaches the disk. */
  void syncFileSystem(int fd) throws Errno {
    checked("syncfs", () -> (int) SYNCFS.invokeExact(state, fd));
  }

  void sync(int fd) throws Errno {
    checked("fsync", () -> (int) FSYNC.invokeExact(state, fd));
  }

  /** What a file system holds. */
  record Space(long bytes, long freeBytes, long files, long freeFiles) {}

  Space space(int fd) throws Errno {
    checked("statvfs", () -> (int) FSTATVFS.invokeExact(state, fd, record));
    long unit = record.get(JAVA_LONG, 8);
    return new Space(
        record.get(JAVA_LONG, 16) * unit,
        record.get(JAVA_LONG, 32) * unit,
        record.get(JAVA_LONG, 40),
        record.get(JAVA_LONG, 48));
  }

  @Override
  public void close() {
    arena.close();
  }

  private interface Call {
    long run() throws Throwable;
  }

  private long checked(String what, Call call) throws Errno {
    try {
      for (; ; ) {
        long result = call.run();
        int number = state.get(JAVA_INT, ERRNO_OFFSET);
        if (result >= 0) {
          return result;
        }
        if (number != 4) { // EINTR: once more
          throw new Errno(what, number);
        }
      }
    } catch (Errno e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("the system call " + what + " cannot be made", e);
    }
  }

  private static void put(MemorySegment where, byte[] name) throws Errno {
    // A name with a NUL would be another name to the kernel.
    if (name.length > NAME_BYTES || indexOfNul(name) >= 0) {
      throw new Errno("name", 36);
    }
    MemorySegment.copy(name, 0, where, JAVA_BYTE, 0, name.length);
    where.set(JAVA_BYTE, name.length, (byte) 0);
  }

  private static int indexOfNul(byte[] name) {
    for (int i = 0; i < name.length; i++) {
      if (name[i] == 0) {
        return i;
      }
    }
    return -1;
  }

  private static boolean arm() {
    return "aarch64".equals(System.getProperty("os.arch"));
  }

  private static MethodHandle bind(
      String name, int variadicFrom, MemoryLayout result, MemoryLayout... arguments) {
    FunctionDescriptor type = FunctionDescriptor.of(result, arguments);
    MemorySegment at = LINKER.defaultLookup().find(name).orElseThrow();
    return variadicFrom < 0
        ? LINKER.downcallHandle(at, type, ERRNO)
        : LINKER.downcallHandle(at, type, ERRNO, Linker.Option.firstVariadicArg(variadicFrom));
  }
}
