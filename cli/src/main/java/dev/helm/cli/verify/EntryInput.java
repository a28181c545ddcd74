package dev.helm.cli.verify;

import dev.helm.api.bundle.BundleFormat;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The contents of one entry, unpacked as they are read. Attack: a few bytes that unpack to
 * terabytes, or to more than was said; no more is given than the directory says.
 */
final class EntryInput extends InputStream {
  private static final int BUFFER_BYTES = 1 << 16;

  private final InputStream packed;
  private final BundleFormat.Entry entry;
  private final Inflater inflater = new Inflater(true);
  private final byte[] in = new byte[BUFFER_BYTES];
  private final MessageDigest digest = sha256();
  private final CRC32 crc = new CRC32();
  private long given;

  EntryInput(InputStream packed, BundleFormat.Entry entry) {
    this.packed = packed;
    this.entry = entry;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int from, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    int read = entry.stored() ? packed.read(buffer, from, length) : inflate(buffer, from, length);
    if (read < 0) {
      return -1;
    }
    given += read;
    if (given > entry.bytes()) {
      throw new BundleException(entry.name() + " unpacks to more bytes than it says");
    }
    digest.update(buffer, from, read);
    crc.update(buffer, from, read);
    return read;
  }

  private int inflate(byte[] buffer, int from, int length) throws IOException {
    try {
      while (!inflater.finished()) {
        int read = inflater.inflate(buffer, from, length);
        if (read > 0) {
          return read;
        }
        if (inflater.needsDictionary()) {
          throw new BundleException(entry.name() + " is packed in a way that Helm does not use");
        }
        if (inflater.needsInput() && !inflater.finished()) {
          int more = packed.read(in, 0, in.length);
          if (more < 0) {
            throw new BundleException(entry.name() + " ends too early");
          }
          inflater.setInput(in, 0, more);
        }
      }
      return -1;
    } catch (DataFormatException e) {
      throw new BundleException(entry.name() + " cannot be unpacked: " + e.getMessage());
    }
  }

  /**
   * Reads what is left; the SHA-256 of all.
   *
   * @throws BundleException when length or check sum is not what the directory says
   */
  String finish() throws IOException {
    byte[] rest = new byte[BUFFER_BYTES];
    for (int read = 0; read >= 0; read = read(rest, 0, rest.length)) {
      continue;
    }
    boolean spent =
        entry.stored()
            || (inflater.getBytesRead() == entry.compressed() && inflater.getRemaining() == 0);
    if (given != entry.bytes() || crc.getValue() != entry.crc() || !spent) {
      throw new BundleException(entry.name() + " is damaged: its length or check sum is wrong");
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  @Override
  public void close() {
    inflater.end();
  }
}
