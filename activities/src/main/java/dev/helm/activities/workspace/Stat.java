package dev.helm.activities.workspace;

/**
 * What the kernel says of one file, of a link itself and never of its target.
 *
 * @param mode type and permission bits, as in {@code st_mode}
 * @param blocks allocated space in units of 512 bytes
 * @param ctimeSeconds when the kernel last saw it change; unlike mtime an agent cannot set it
 * @param device and {@code mount} together tell whether two files are on one mount
 */
record Stat(
    int mode,
    long links,
    int uid,
    long inode,
    long size,
    long blocks,
    long mtimeSeconds,
    int mtimeNanos,
    long ctimeSeconds,
    int ctimeNanos,
    long device,
    long mount) {
  private static final int TYPE = 0170000;

  boolean directory() {
    return (mode & TYPE) == 0040000;
  }

  boolean regular() {
    return (mode & TYPE) == 0100000;
  }

  boolean link() {
    return (mode & TYPE) == 0120000;
  }

  int permissions() {
    return mode & 0777;
  }

  /** Whether nothing was done to the file between the two looks, as far as the kernel tells. */
  boolean untouchedSince(Stat other) {
    return inode == other.inode
        && size == other.size
        && ctimeSeconds == other.ctimeSeconds
        && ctimeNanos == other.ctimeNanos
        && mode == other.mode
        && device == other.device;
  }

  boolean sameMount(Stat other) {
    return device == other.device && mount == other.mount;
  }
}
