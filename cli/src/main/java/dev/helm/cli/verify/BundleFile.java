package dev.helm.cli.verify;

import dev.helm.api.bundle.BundleFormat;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * An export's file, read strictly: each byte around the contents has to be the one that {@link
 * BundleFormat} gives, so that nothing can hide between entries, in flags or in comments.
 */
final class BundleFile implements AutoCloseable {
  private static final int NAME_BYTES_MAX = 300;

  private final RandomAccessFile file;
  private final List<BundleFormat.Entry> entries;

  private BundleFile(RandomAccessFile file, List<BundleFormat.Entry> entries) {
    this.file = file;
    this.entries = entries;
  }

  /**
   * Opens a file and checks all that is not contents.
   *
   * @throws BundleException when it is no export, was cut, or carries something more
   */
  static BundleFile open(Path path) throws IOException {
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
    try {
      List<BundleFormat.Entry> entries = directory(file);
      for (BundleFormat.Entry entry : entries) {
        framed(file, entry);
      }
      return new BundleFile(file, entries);
    } catch (IOException e) {
      file.close();
      throw e instanceof EOFException
          ? new BundleException("the file ends too early: it was cut")
          : e;
    }
  }

  private static List<BundleFormat.Entry> directory(RandomAccessFile file) throws IOException {
    long length = file.length();
    if (length < BundleFormat.END_BYTES || length > 2 * BundleFormat.BYTES_MAX) {
      throw new BundleException("the file is no bundle: it has " + length + " bytes");
    }
    ByteBuffer end = read(file, length - BundleFormat.END_BYTES, BundleFormat.END_BYTES);
    int count = Short.toUnsignedInt(end.getShort(10));
    long bytes = Integer.toUnsignedLong(end.getInt(12));
    long offset = Integer.toUnsignedLong(end.getInt(16));
    if (end.getInt(0) != 0x06054b50
        || offset + bytes + BundleFormat.END_BYTES != length
        || count > BundleFormat.ENTRIES_MAX
        || bytes > (long) count * (BundleFormat.DIRECTORY_BYTES + NAME_BYTES_MAX)) {
      throw new BundleException(
          "the file is no bundle, or was cut: its end is not where a bundle has it");
    }
    ByteBuffer directory = read(file, offset, (int) bytes + BundleFormat.END_BYTES);
    List<BundleFormat.Entry> entries = new ArrayList<>(count);
    Set<String> names = new HashSet<>();
    long next = 0;
    long contents = 0;
    for (int i = 0; i < count; i++) {
      BundleFormat.Entry entry = entry(directory);
      if (!BundleFormat.allowed(entry.name()) || !names.add(entry.name())) {
        throw new BundleException(
            "entry " + (i + 1) + " has a name that no bundle has, or has it twice");
      }
      contents += entry.bytes();
      if (entry.offset() != next || contents > BundleFormat.BYTES_MAX) {
        throw new BundleException("entry " + (i + 1) + " is not where or as large as it may be");
      }
      next = entry.end();
      entries.add(entry);
    }
    if (next != offset
        || entries.isEmpty()
        || !entries.getLast().stored()
        || !Arrays.equals(directory.array(), BundleFormat.directory(entries))) {
      throw new BundleException("the directory of the file is not as Helm writes it");
    }
    return entries;
  }

  private static BundleFormat.Entry entry(ByteBuffer directory) throws BundleException {
    if (directory.remaining() < BundleFormat.DIRECTORY_BYTES + BundleFormat.END_BYTES) {
      throw new BundleException("the directory of the file is too short");
    }
    int at = directory.position();
    int nameBytes = Short.toUnsignedInt(directory.getShort(at + 28));
    if (nameBytes > NAME_BYTES_MAX
        || directory.remaining() < BundleFormat.DIRECTORY_BYTES + nameBytes) {
      throw new BundleException("the directory of the file has a name that is too long");
    }
    String name =
        new String(
            directory.array(),
            at + BundleFormat.DIRECTORY_BYTES,
            nameBytes,
            StandardCharsets.UTF_8);
    directory.position(at + BundleFormat.DIRECTORY_BYTES + nameBytes);
    return new BundleFormat.Entry(
        name,
        Integer.toUnsignedLong(directory.getInt(at + 42)),
        Integer.toUnsignedLong(directory.getInt(at + 16)),
        Integer.toUnsignedLong(directory.getInt(at + 20)),
        Integer.toUnsignedLong(directory.getInt(at + 24)));
  }

  private static void framed(RandomAccessFile file, BundleFormat.Entry entry) throws IOException {
    byte[] header = BundleFormat.localHeader(entry);
    byte[] after = entry.stored() ? new byte[0] : BundleFormat.descriptor(entry);
    long end = entry.end();
    if (!Arrays.equals(header, read(file, entry.offset(), header.length).array())
        || !Arrays.equals(after, read(file, end - after.length, after.length).array())) {
      throw new BundleException(entry.name() + " is not framed as Helm writes it");
    }
  }

  private static ByteBuffer read(RandomAccessFile file, long from, int bytes) throws IOException {
    byte[] read = new byte[bytes];
    file.seek(from);
    file.readFully(read);
    return ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** All entries, in the order of the file; the manifest is the last. */
  List<BundleFormat.Entry> entries() {
    return entries;
  }

  /** The entry of this name. */
  BundleFormat.Entry entry(String name) throws BundleException {
    for (BundleFormat.Entry entry : entries) {
      if (entry.name().equals(name)) {
        return entry;
      }
    }
    throw new BundleException("the bundle has no " + name);
  }

  /** The contents of an entry; see {@link EntryInput}. */
  EntryInput contents(BundleFormat.Entry entry) {
    long from =
        entry.offset()
            + BundleFormat.LOCAL_BYTES
            + entry.name().getBytes(StandardCharsets.UTF_8).length;
    return new EntryInput(new Slice(from, entry.compressed()), entry);
  }

  /** The text of an entry of bounded size. */
  String text(BundleFormat.Entry entry, int bytesMax) throws IOException {
    if (entry.bytes() > bytesMax) {
      throw new BundleException(
          entry.name() + " has " + entry.bytes() + " bytes, at most " + bytesMax + " are read");
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (EntryInput in = contents(entry)) {
      in.transferTo(out);
      in.finish();
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  /** SHA-256 of the first bytes of the file. */
  String sha256(long bytes) throws IOException {
    MessageDigest digest = EntryInput.sha256();
    try (InputStream in = new Slice(0, bytes)) {
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Some bytes of the file. */
  private final class Slice extends InputStream {
    private long at;
    private final long end;

    Slice(long from, long bytes) {
      this.at = from;
      this.end = from + bytes;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int from, int length) throws IOException {
      if (at >= end) {
        return -1;
      }
      file.seek(at);
      int read = file.read(buffer, from, (int) Math.min(length, end - at));
      at += Math.max(read, 0);
      return read;
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
