package dev.helm.api.bundle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The bytes of an export around its contents: a ZIP file without anything that could vary. Times,
 * flags and versions are fixed, there are no extra fields, no comments, no gaps, so that a reader
 * can make each of these bytes again and compare; the compressed bytes are covered by the signed
 * manifest, which comes last and is not compressed.
 */
public final class BundleFormat {
  /** Value of the manifest's {@code format}. */
  public static final String NAME = "helm-bundle-v1";

  /** The last entry. */
  public static final String MANIFEST = "manifest.json";

  /** An event a line, as clients read it. */
  public static final String EVENTS = "events.jsonl";

  /** A checkpoint a line. */
  public static final String CHECKPOINTS = "checkpoints.jsonl";

  /** The signers, the newest first. */
  public static final String PUBLIC_KEY = "public-key.pem";

  /** A blob's entry is this and its SHA-256. */
  public static final String BLOBS = "blobs/";

  /** Histories of workflows. */
  public static final String HISTORIES = "histories/";

  /** What the run changed in its workspace. */
  public static final String PATCH = "workspace.patch";

  /** Most entries. */
  public static final int ENTRIES_MAX = 60_000;

  /** Most bytes of all contents together, and of the file. */
  public static final long BYTES_MAX = 0xFFFF_0000L;

  /** Most bytes of the manifest. */
  public static final int MANIFEST_BYTES_MAX = 32 << 20;

  /** Most UTF-8 bytes of one line of a JSON Lines entry. */
  public static final int LINE_BYTES_MAX = 8 << 20;

  /** Bytes of the end record. */
  public static final int END_BYTES = 22;

  /** Bytes of a local header without its name. */
  public static final int LOCAL_BYTES = 30;

  /** Bytes of a directory entry without its name. */
  public static final int DIRECTORY_BYTES = 46;

  /** Bytes of the descriptor that follows compressed contents. */
  public static final int DESCRIPTOR_BYTES = 16;

  private static final short VERSION = 20;
  private static final short FLAGS_STREAMED = 0x0808;
  private static final short FLAGS_STORED = 0x0800;
  private static final short DEFLATED = 8;
  private static final short MIDNIGHT = 0;
  private static final short FIRST_OF_1980 = (1 << 5) | 1;

  private BundleFormat() {}

  /**
   * An entry in the file.
   *
   * @param offset of its local header
   * @param crc CRC-32 of its contents
   * @param compressed bytes in the file
   * @param bytes bytes of its contents
   */
  public record Entry(String name, long offset, long crc, long compressed, long bytes) {
    /** Whether it is kept as it is: only the manifest. */
    public boolean stored() {
      return name.equals(MANIFEST);
    }

    /** Offset of the first byte after it. */
    public long end() {
      return offset
          + LOCAL_BYTES
          + name.getBytes(StandardCharsets.UTF_8).length
          + compressed
          + (stored() ? 0 : DESCRIPTOR_BYTES);
    }
  }

  /** Whether an export may have an entry of this name: a fixed one, a blob, a history. */
  public static boolean allowed(String name) {
    return name.matches(
        "manifest\\.json|events\\.jsonl|checkpoints\\.jsonl|public-key\\.pem|workspace\\.patch"
            + "|blobs/[0-9a-f]{64}|histories/[A-Za-z0-9._-]{1,200}\\.json");
  }

  /** The local header; sizes stand in it for the manifest only. */
  public static byte[] localHeader(Entry entry) {
    byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
    ByteBuffer out = buffer(LOCAL_BYTES + name.length).putInt(0x04034b50);
    common(out, entry);
    if (entry.stored()) {
      sizes(out, entry);
    } else {
      out.putInt(0).putInt(0).putInt(0);
    }
    return out.putShort((short) name.length).putShort((short) 0).put(name).array();
  }

  /** The descriptor after compressed contents. */
  public static byte[] descriptor(Entry entry) {
    ByteBuffer out = buffer(DESCRIPTOR_BYTES).putInt(0x08074b50);
    sizes(out, entry);
    return out.array();
  }

  /** The directory and the end record. */
  public static byte[] directory(List<Entry> entries) {
    int length = END_BYTES;
    for (Entry entry : entries) {
      length += DIRECTORY_BYTES + entry.name().getBytes(StandardCharsets.UTF_8).length;
    }
    ByteBuffer out = buffer(length);
    entries.forEach(entry -> directoryEntry(out, entry));
    int directoryBytes = out.position();
    long offset = entries.isEmpty() ? 0 : entries.getLast().end();
    out.putInt(0x06054b50).putInt(0);
    out.putShort((short) entries.size()).putShort((short) entries.size());
    out.putInt(directoryBytes).putInt((int) offset).putShort((short) 0);
    return out.array();
  }

  private static void directoryEntry(ByteBuffer out, Entry entry) {
    byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
    out.putInt(0x02014b50).putShort(VERSION);
    common(out, entry);
    sizes(out, entry);
    out.putShort((short) name.length).putShort((short) 0).putShort((short) 0);
    out.putShort((short) 0).putShort((short) 0).putInt(0).putInt((int) entry.offset()).put(name);
  }

  private static void common(ByteBuffer out, Entry entry) {
    out.putShort(VERSION).putShort(entry.stored() ? FLAGS_STORED : FLAGS_STREAMED);
    out.putShort(entry.stored() ? 0 : DEFLATED).putShort(MIDNIGHT).putShort(FIRST_OF_1980);
  }

  private static void sizes(ByteBuffer out, Entry entry) {
    out.putInt((int) entry.crc()).putInt((int) entry.compressed()).putInt((int) entry.bytes());
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
