package dev.helm.activities.workspace;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a scanned tree. The next scan compares with it, so that a file is read only once.
 *
 * @param <I> what names content in the store
 */
public final class TreeNode<I> {
  /** What an entry is. */
  public enum Kind {
    FILE,
    DIRECTORY,
    LINK
  }

  private final byte[] name;
  private final Kind kind;
  private final I id;
  private final List<TreeNode<I>> children;
  private final @Nullable Stat stat;
  private final int permissions;
  private final long files;
  private final long bytes;

  /** A file or link; {@code stat} is null where the next scan has to read it again. */
  TreeNode(byte[] name, Kind kind, I id, Stat seen, @Nullable Stat stat) {
    this.name = name;
    this.kind = kind;
    this.id = id;
    this.children = List.of();
    this.stat = stat;
    this.permissions = kind == Kind.LINK ? 0777 : seen.permissions();
    this.files = 1;
    this.bytes = kind == Kind.FILE ? seen.size() : 0;
  }

  TreeNode(byte[] name, I id, int permissions, List<TreeNode<I>> children) {
    this.name = name;
    this.kind = Kind.DIRECTORY;
    this.id = id;
    this.children = children;
    this.stat = null;
    this.permissions = permissions;
    long allFiles = 0;
    long allBytes = 0;
    for (TreeNode<I> child : children) {
      allFiles += child.kind == Kind.DIRECTORY ? child.files : 1;
      allBytes += child.bytes;
    }
    this.files = allFiles;
    this.bytes = allBytes;
  }

  /** The name's bytes; not to be changed. */
  public byte[] name() {
    return name;
  }

  /** What it is. */
  public Kind kind() {
    return kind;
  }

  /** Its content in the store. */
  public I id() {
    return id;
  }

  /** Permission bits; 0777 for links. */
  public int permissions() {
    return permissions;
  }

  /** Files and links in it. */
  public long files() {
    return files;
  }

  /** Bytes of the files in it. */
  public long bytes() {
    return bytes;
  }

  /** What a directory holds, in the order in which the kernel told it. */
  List<TreeNode<I>> children() {
    return children;
  }

  boolean unchanged(Stat now) {
    return stat != null && now.untouchedSince(stat);
  }
}
