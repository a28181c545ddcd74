package dev.helm.cli.verify;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.bundle.BundleFormat;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ReadAheadTest {
  /** Whoever waits for the bytes is told, whatever became of the reading. */
  @Test
  void aReaderThatDiesEndsTheWait() throws Exception {
    InputStream dying =
        new InputStream() {
          @Override
          public int read() {
            throw new StackOverflowError("deep");
          }

          @Override
          public int read(byte[] buffer, int from, int length) {
            throw new StackOverflowError("deep");
          }
        };
    BundleFormat.Entry entry = new BundleFormat.Entry("events.jsonl", 0, 0, 10, 10);
    try (ReadAhead ahead = new ReadAhead(new EntryInput(dying, entry))) {
      assertThatThrownBy(() -> ahead.read(new byte[10], 0, 10))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("deep");
    }
  }
}
