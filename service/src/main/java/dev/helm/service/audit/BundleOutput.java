package dev.helm.service.audit;

import dev.helm.api.bundle.BundleFormat;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/** Writes the file of {@link BundleFormat} as its contents come; nothing of it is kept. */
final class BundleOutput {
  private static final int LEVEL = 6;

  private final OutputStream out;
  private final MessageDigest file = sha256();
  private final List<BundleFormat.Entry> entries = new ArrayList<>();
  private final List<Map<String, Object>> listed = new ArrayList<>();
  private long offset;
  private long contents;

  BundleOutput(OutputStream out) {
    this.out = out;
  }

  /** Writes what an entry holds. */
  @FunctionalInterface
  interface Contents {
    void write(OutputStream out) throws IOException;
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Adds an entry. */
  void entry(String name, Contents writer) throws IOException {
    if (entries.size() >= BundleFormat.ENTRIES_MAX - 1) {
      throw new IOException("an export has at most " + BundleFormat.ENTRIES_MAX + " entries");
    }
    long start = offset;
    BundleFormat.Entry open = new BundleFormat.Entry(name, start, 0, 0, 0);
    raw(BundleFormat.localHeader(open));
    long from = offset;
    Deflater deflater = new Deflater(LEVEL, true);
    try {
      Counted counted = new Counted(new DeflaterOutputStream(new Raw(), deflater, 16 << 10));
      writer.write(counted);
      counted.finish();
      BundleFormat.Entry done =
          new BundleFormat.Entry(name, start, counted.crc.getValue(), offset - from, counted.bytes);
      raw(BundleFormat.descriptor(done));
      entries.add(done);
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("name", name);
      line.put("bytes", counted.bytes);
      line.put("sha256", HexFormat.of().formatHex(counted.digest.digest()));
      listed.add(line);
    } finally {
      deflater.end();
    }
  }

  /** The entries so far, for the manifest. */
  List<Map<String, Object>> listed() {
    return listed;
  }

  /** Bytes of the file so far. */
  long offset() {
    return offset;
  }

  /** SHA-256 of the file so far. */
  String sha256SoFar() {
    try {
      return HexFormat.of().formatHex(((MessageDigest) file.clone()).digest());
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("SHA-256 can be cloned on every Java platform", e);
    }
  }

  /** Writes the manifest and the end. */
  void finish(String manifest) throws IOException {
    byte[] bytes = manifest.getBytes(StandardCharsets.UTF_8);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    BundleFormat.Entry entry =
        new BundleFormat.Entry(
            BundleFormat.MANIFEST, offset, crc.getValue(), bytes.length, bytes.length);
    raw(BundleFormat.localHeader(entry));
    raw(bytes);
    entries.add(entry);
    raw(BundleFormat.directory(entries));
    out.flush();
  }

  private void raw(byte[] bytes) throws IOException {
    raw(bytes, 0, bytes.length);
  }

  private void raw(byte[] bytes, int from, int length) throws IOException {
    if (offset + length > BundleFormat.BYTES_MAX) {
      throw new IOException("an export has at most " + BundleFormat.BYTES_MAX + " bytes");
    }
    file.update(bytes, from, length);
    out.write(bytes, from, length);
    offset += length;
  }

  private final class Raw extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      raw(new byte[] {(byte) b});
    }

    @Override
    public void write(byte[] bytes, int from, int length) throws IOException {
      raw(bytes, from, length);
    }
  }

  /** Counts and hashes the contents of one entry. */
  private final class Counted extends FilterOutputStream {
    private final MessageDigest digest = sha256();
    private final CRC32 crc = new CRC32();
    private long bytes;

    Counted(DeflaterOutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] data, int from, int length) throws IOException {
      bytes += length;
      contents += length;
      if (contents > BundleFormat.BYTES_MAX) {
        throw new IOException("an export holds at most " + BundleFormat.BYTES_MAX + " bytes");
      }
      digest.update(data, from, length);
      crc.update(data, from, length);
      out.write(data, from, length);
    }

    void finish() throws IOException {
      ((DeflaterOutputStream) out).finish();
    }
  }
}
