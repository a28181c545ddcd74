package dev.helm.activities.snapshot;

import dev.helm.activities.workspace.TreeItem;
import dev.helm.activities.workspace.TreeNode;
import dev.helm.activities.workspace.TreeUpdate;
import dev.helm.activities.workspace.TreeUsage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.eclipse.jgit.internal.storage.file.FileRepository;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.ObjectLoader;
import org.eclipse.jgit.lib.ObjectReader;
import org.eclipse.jgit.lib.StoredConfig;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.treewalk.CanonicalTreeParser;
import org.jspecify.annotations.Nullable;

/**
 * The snapshots of one run: a bare git repository of its own, so that erasing a run erases its
 * files. It has objects only, no refs; the log names the trees. Modes in trees are the exact
 * permission bits, and empty directories are empty trees: git reads both and never writes them.
 */
public final class SnapshotRepository implements TreeUpdate.Source<ObjectId>, AutoCloseable {
  /** The tree without entries. */
  public static final String EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

  private final Path at;
  private final FileRepository git;

  private SnapshotRepository(Path at, FileRepository git) {
    this.at = at;
    this.git = git;
  }

  /** Opens a run's repository, or makes it. */
  static SnapshotRepository open(Path at) throws IOException {
    return open(at, new FileRepositoryBuilder());
  }

  /** The same one for another user; each closes its own. */
  SnapshotRepository again() {
    git.incrementOpen();
    return new SnapshotRepository(at, git);
  }

  /** Another one, in which all that this one has can be read. */
  SnapshotRepository beside(Path other) throws IOException {
    return open(
        other,
        new FileRepositoryBuilder().addAlternateObjectDirectory(at.resolve("objects").toFile()));
  }

  private static SnapshotRepository open(Path at, FileRepositoryBuilder how) throws IOException {
    QuietGit.install();
    FileRepository git =
        (FileRepository) how.setGitDir(at.toFile()).setBare().setMustExist(false).build();
    if (!Files.exists(at.resolve("HEAD"))) {
      Files.createDirectories(
          at, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      git.create(true);
      StoredConfig config = git.getConfig();
      // Agents' files are many and short-lived: time is dearer than space.
      config.setInt("core", null, "compression", 1);
      config.setBoolean("core", null, "fsyncObjectFiles", false);
      config.save();
      try (ObjectInserter inserter = git.newObjectInserter()) {
        inserter.insert(Constants.OBJ_TREE, new byte[0]);
        inserter.flush();
      }
    }
    return new SnapshotRepository(at, git);
  }

  /** Takes new content; nothing counts before {@link SnapshotWriter#sync}. */
  SnapshotWriter writer() {
    return new SnapshotWriter(git, at);
  }

  FileRepository git() {
    return git;
  }

  /** What a tree holds, in git's order. */
  @Override
  public List<TreeItem<ObjectId>> list(ObjectId tree) throws IOException {
    List<TreeItem<ObjectId>> entries = new ArrayList<>();
    try (ObjectReader reader = git.newObjectReader()) {
      for (CanonicalTreeParser parser = new CanonicalTreeParser(null, reader, tree);
          !parser.eof();
          parser = parser.next()) {
        byte[] name = new byte[parser.getNameLength()];
        parser.getName(name, 0);
        int mode = parser.getEntryRawMode();
        TreeNode.Kind kind =
            FileMode.TREE.equals(mode)
                ? TreeNode.Kind.DIRECTORY
                : FileMode.SYMLINK.equals(mode) ? TreeNode.Kind.LINK : TreeNode.Kind.FILE;
        entries.add(new TreeItem<>(name, kind, mode & 0777, parser.getEntryObjectId()));
      }
    }
    return entries;
  }

  /** The entry at a path, which may be the tree itself; null where there is none. */
  public @Nullable TreeItem<ObjectId> find(ObjectId tree, List<byte[]> path) throws IOException {
    TreeItem<ObjectId> at = new TreeItem<>(new byte[0], TreeNode.Kind.DIRECTORY, 0700, tree);
    for (byte[] name : path) {
      if (at.kind() != TreeNode.Kind.DIRECTORY) {
        return null;
      }
      TreeItem<ObjectId> below = null;
      for (TreeItem<ObjectId> entry : list(at.id())) {
        if (java.util.Arrays.equals(entry.name(), name)) {
          below = entry;
        }
      }
      if (below == null) {
        return null;
      }
      at = below;
    }
    return at;
  }

  /** Bytes of a file, or of a link's target. */
  public long size(ObjectId blob) throws IOException {
    try (ObjectReader reader = git.newObjectReader()) {
      return reader.getObjectSize(blob, Constants.OBJ_BLOB);
    }
  }

  /** A file's content. */
  public ObjectLoader content(ObjectId blob) throws IOException {
    return git.open(blob, Constants.OBJ_BLOB);
  }

  /** Writes a file's content. */
  @Override
  public void copy(ObjectId blob, OutputStream to) throws IOException {
    content(blob).copyTo(to);
  }

  /** A link's target. */
  @Override
  public byte[] target(ObjectId blob) throws IOException {
    return content(blob).getBytes(1 << 16);
  }

  /** Whether everything of a tree is here. */
  boolean has(ObjectId tree) {
    return tree.name().equals(EMPTY) || git.getObjectDatabase().has(tree);
  }

  /**
   * Gives another repository all objects of this one, by hard links: objects never change, and
   * either repository may be erased alone.
   */
  void share(Path other) throws IOException {
    try (SnapshotRepository to = open(other);
        Stream<Path> files = Files.walk(at.resolve("objects"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path target = to.at.resolve(at.relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else if (!String.valueOf(file.getFileName()).contains("tmp")) {
          link(target, file);
        }
      }
    }
    TreeUsage.sync(other);
  }

  private static void link(Path target, Path file) throws IOException {
    try {
      Files.createLink(target, file);
    } catch (FileAlreadyExistsException e) {
      // The same object under the same name.
    } catch (UnsupportedOperationException e) {
      Files.copy(file, target);
    }
  }

  @Override
  public void close() {
    git.close();
  }
}
