package dev.helm.activities.workspace;

import java.nio.charset.StandardCharsets;

/**
 * An entry of a stored directory.
 *
 * @param <I> what names content in the store
 * @param name in the bytes of the kernel; not to be changed
 */
public record TreeItem<I>(byte[] name, TreeNode.Kind kind, int permissions, I id) {
  /** The name as text; what is no UTF-8 is replaced. */
  public String text() {
    return new String(name, StandardCharsets.UTF_8);
  }
}
