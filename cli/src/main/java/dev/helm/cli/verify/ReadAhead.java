package dev.helm.cli.verify;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * Unpacks and sums an entry on a thread of its own, a few pieces ahead of who reads it: the chain's
 * hashes take as long as the unpacking.
 */
final class ReadAhead extends InputStream {
  private static final int PIECE_BYTES = 1 << 18;
  private static final int PIECES_MAX = 4;

  private final BlockingQueue<Piece> pieces = new ArrayBlockingQueue<>(PIECES_MAX);
  private final Thread reader;
  private Piece now = new Bytes(new byte[0], 0);
  private int at;

  private sealed interface Piece {}

  private record Bytes(byte[] bytes, int length) implements Piece {}

  private record End(String sha256) implements Piece {}

  private record Failed(IOException why) implements Piece {}

  /** Begins to read an entry, which nobody else may read meanwhile, nor any other of the file. */
  ReadAhead(EntryInput in) {
    reader = Thread.ofVirtual().name("helm-verify-read").start(() -> read(in));
  }

  private void read(EntryInput in) {
    try {
      try {
        for (byte[] bytes = new byte[PIECE_BYTES]; ; bytes = new byte[PIECE_BYTES]) {
          int length = in.readNBytes(bytes, 0, PIECE_BYTES);
          if (length > 0) {
            pieces.put(new Bytes(bytes, length));
          }
          if (length < PIECE_BYTES) {
            pieces.put(new End(in.finish()));
            return;
          }
        }
      } catch (IOException e) {
        pieces.put(new Failed(e));
      } catch (RuntimeException | Error e) {
        // Without a last piece the reader would wait for ever.
        pieces.put(new Failed(new IOException("it cannot be read: " + e, e)));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed before its end
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int from, int length) throws IOException {
    while (true) {
      switch (now) {
        case Bytes piece when at < piece.length() -> {
          int some = Math.min(length, piece.length() - at);
          System.arraycopy(piece.bytes(), at, buffer, from, some);
          at += some;
          return some;
        }
        case Bytes _ -> next();
        case End _ -> {
          return -1;
        }
        case Failed failed -> throw failed.why();
      }
    }
  }

  private void next() throws IOException {
    try {
      now = pieces.take();
      at = 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /**
   * Reads what is left; the SHA-256 of all.
   *
   * @throws BundleException when length or check sum is not what the directory says
   */
  String finish() throws IOException {
    byte[] rest = new byte[PIECE_BYTES];
    while (read(rest, 0, rest.length) >= 0) {
      continue;
    }
    return now instanceof End end ? end.sha256() : "";
  }

  /** Waits until nothing reads the file any more. */
  @Override
  public void close() throws IOException {
    reader.interrupt();
    try {
      reader.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
