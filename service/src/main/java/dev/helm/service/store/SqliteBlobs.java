package dev.helm.service.store;

import dev.helm.activities.store.Blobs;
import dev.helm.api.Sha256;
import dev.helm.api.event.Content;
import dev.helm.api.event.WellFormed;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Blobs in a table. */
final class SqliteBlobs implements Blobs {
  /** Longest blob. */
  static final int BYTES_MAX = 64 << 20;

  private static final String EXISTS = "SELECT 1 FROM blobs WHERE sha256 = ?";

  private final LogWriter writer;
  private final ReadPool reads;

  SqliteBlobs(LogWriter writer, ReadPool reads) {
    this.writer = writer;
    this.reads = reads;
  }

  @Override
  public String put(byte[] bytes, String mediaType) {
    if (bytes.length > BYTES_MAX) {
      throw new IllegalArgumentException("a blob has at most " + BYTES_MAX + " bytes");
    }
    String sha256 = Sha256.hex(bytes);
    if (reads.read(sql -> sql.number(EXISTS, 0, sha256)) == 0) {
      writer.write(
          tx ->
              tx.sql().number(EXISTS, 0, sha256) == 1
                  ? 0
                  : tx.sql()
                      .update(
                          "INSERT INTO blobs (sha256, media_type, bytes, at) VALUES (?, ?, ?, ?)",
                          sha256,
                          mediaType,
                          bytes,
                          tx.now()));
    }
    return sha256;
  }

  @Override
  public byte @Nullable [] get(String sha256) {
    return reads.read(
        sql -> sql.one("SELECT bytes FROM blobs WHERE sha256 = ?", row -> row.getBytes(1), sha256));
  }

  @Override
  public Content content(String text, String mediaType) {
    String wellFormed = WellFormed.text(text);
    byte[] bytes = wellFormed.getBytes(StandardCharsets.UTF_8);
    return bytes.length <= Content.INLINE_BYTES_MAX
        ? Content.text(wellFormed)
        : new Content.BlobRef(put(bytes, mediaType), bytes.length, mediaType);
  }

  @Override
  public String text(Content content) {
    return switch (content) {
      case Content.Text text -> text.text();
      case Content.BlobRef ref -> {
        byte[] bytes = get(ref.sha256());
        yield bytes == null
            ? "[erased: " + ref.bytes() + " bytes, sha256 " + ref.sha256() + "]"
            : new String(bytes, StandardCharsets.UTF_8);
      }
    };
  }
}
