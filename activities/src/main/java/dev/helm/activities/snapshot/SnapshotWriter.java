package dev.helm.activities.snapshot;

import dev.helm.activities.workspace.TreeNode;
import dev.helm.activities.workspace.TreeScan;
import dev.helm.activities.workspace.WorkspaceException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.jgit.errors.LargeObjectException;
import org.eclipse.jgit.internal.storage.file.FileRepository;
import org.eclipse.jgit.internal.storage.file.PackInserter;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.util.sha1.Sha1CollisionException;
import org.jspecify.annotations.Nullable;

/**
 * Writes one snapshot's new objects: a few as loose objects, many as one pack. What is there
 * already is not written again.
 */
final class SnapshotWriter implements TreeScan.Store<ObjectId>, AutoCloseable {
  private static final int LOOSE_MAX = 48;
  private static final int MEMORY_BYTES_MAX = 4 << 20;
  private static final int HELD_BYTES_MAX = 16 << 20;

  private final FileRepository git;
  private final Path at;
  private final ObjectInserter loose;
  private final List<Held> held = new ArrayList<>();
  private long heldBytes;
  private @Nullable PackInserter pack;
  private final Set<ObjectId> ids = new HashSet<>();
  private final Set<Path> directories = new HashSet<>();
  private Set<Path> packsBefore = Set.of();

  private record Held(ObjectId id, int type, byte[] bytes) {}

  SnapshotWriter(FileRepository git, Path at) {
    this.git = git;
    this.at = at;
    this.loose = git.getObjectDatabase().newInserter();
  }

  @Override
  public ObjectId file(TreeScan.Source content, long size) throws IOException {
    try {
      if (size <= MEMORY_BYTES_MAX) {
        byte[] bytes;
        try (InputStream in = content.open()) {
          bytes = in.readNBytes(MEMORY_BYTES_MAX + 1);
        }
        if (bytes.length <= MEMORY_BYTES_MAX) {
          return put(Constants.OBJ_BLOB, bytes);
        }
      }
      return large(content, size);
    } catch (Sha1CollisionException e) {
      throw new WorkspaceException(
          WorkspaceException.Reason.REFUSED, "its content is made to collide under SHA-1");
    }
  }

  /** Too large for memory: read once for its name, and once more if it is new. */
  private ObjectId large(TreeScan.Source content, long size) throws IOException {
    ObjectId id;
    try (InputStream in = exactly(content.open(), size)) {
      id = loose.idFor(Constants.OBJ_BLOB, size, in);
    }
    if (git.getObjectDatabase().has(id)) {
      return id;
    }
    try (InputStream in = exactly(content.open(), size)) {
      ObjectId written = loose.insert(Constants.OBJ_BLOB, size, in);
      ids.add(written);
      return written;
    }
  }

  /** What a writer takes away or adds meanwhile does not end the snapshot. */
  private static InputStream exactly(InputStream in, long size) {
    return new InputStream() {
      private long left = size;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] to, int offset, int length) throws IOException {
        if (left == 0) {
          return -1;
        }
        int wanted = (int) Math.min(left, length);
        int given = in.read(to, offset, wanted);
        if (given < 0) {
          given = wanted;
          java.util.Arrays.fill(to, offset, offset + given, (byte) 0);
        }
        left -= given;
        return given;
      }
    };
  }

  @Override
  public ObjectId link(byte[] target) throws IOException {
    return put(Constants.OBJ_BLOB, target);
  }

  @Override
  public ObjectId directory(List<TreeNode<ObjectId>> entries) throws IOException {
    ByteArrayOutputStream tree = new ByteArrayOutputStream(entries.size() * 48);
    entries.stream().sorted(SnapshotWriter::order).forEach(entry -> write(tree, entry));
    return put(Constants.OBJ_TREE, tree.toByteArray());
  }

  /** Git compares a directory's name as if it ended with a slash. */
  private static int order(TreeNode<ObjectId> a, TreeNode<ObjectId> b) {
    byte[] left = a.name();
    byte[] right = b.name();
    int common = Math.min(left.length, right.length);
    for (int i = 0; i < common; i++) {
      if (left[i] != right[i]) {
        return (left[i] & 0xff) - (right[i] & 0xff);
      }
    }
    return after(a, common) - after(b, common);
  }

  private static int after(TreeNode<ObjectId> node, int at) {
    return at < node.name().length
        ? node.name()[at] & 0xff
        : node.kind() == TreeNode.Kind.DIRECTORY ? '/' : 0;
  }

  private static void write(ByteArrayOutputStream tree, TreeNode<ObjectId> entry) {
    int type =
        switch (entry.kind()) {
          case FILE -> 0100000 | entry.permissions();
          case DIRECTORY -> 0040000 | entry.permissions();
          case LINK -> 0120000;
        };
    tree.writeBytes((Integer.toOctalString(type) + " ").getBytes(StandardCharsets.US_ASCII));
    tree.writeBytes(entry.name());
    tree.write(0);
    byte[] id = new byte[Constants.OBJECT_ID_LENGTH];
    entry.id().copyRawTo(id, 0);
    tree.writeBytes(id);
  }

  private ObjectId put(int type, byte[] bytes) throws IOException {
    ObjectId id = loose.idFor(type, bytes);
    if (git.getObjectDatabase().has(id)) {
      return id;
    }
    PackInserter open = pack;
    if (open != null) {
      return open.insert(type, bytes, 0, bytes.length);
    }
    held.add(new Held(id, type, bytes));
    heldBytes += bytes.length;
    if (held.size() > LOOSE_MAX || heldBytes > HELD_BYTES_MAX) {
      pack();
    }
    return id;
  }

  private void pack() throws IOException {
    packsBefore = packs();
    PackInserter open = git.getObjectDatabase().newPackInserter();
    open.setCompressionLevel(1);
    pack = open;
    for (Held object : held) {
      open.insert(object.type(), object.bytes(), 0, object.bytes().length);
    }
    held.clear();
  }

  /**
   * All of it reaches the disk, then it may be named in the log.
   *
   * @throws LargeObjectException never for what a scan lets through
   */
  void sync() throws IOException {
    flush();
    for (Path file : written()) {
      force(file);
      directories.add(Objects.requireNonNull(file.getParent()));
    }
    directories.forEach(SnapshotWriter::forceQuietly);
    if (!directories.isEmpty()) {
      force(at.resolve("objects"));
    }
  }

  /** All of it can be read; it need not survive. */
  void flush() throws IOException {
    PackInserter open = pack;
    if (open != null) {
      open.flush();
    }
    for (Held object : held) {
      ids.add(loose.insert(object.type(), object.bytes()));
    }
    loose.flush();
    held.clear();
  }

  /** A pack's files are named by what is in them: those that were not there before are new. */
  private List<Path> written() throws IOException {
    List<Path> files = new ArrayList<>();
    for (ObjectId id : ids) {
      Path file = at.resolve("objects").resolve(id.name().substring(0, 2));
      files.add(file.resolve(id.name().substring(2)));
    }
    if (pack != null) {
      for (Path file : packs()) {
        if (!packsBefore.contains(file)) {
          files.add(file);
        }
      }
    }
    return files;
  }

  private Set<Path> packs() throws IOException {
    try (Stream<Path> files = Files.list(at.resolve("objects").resolve("pack"))) {
      return files.collect(Collectors.toSet());
    }
  }

  private static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void forceQuietly(Path directory) {
    try {
      force(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    PackInserter open = pack;
    if (open != null) {
      open.close();
    }
    loose.close();
  }
}
