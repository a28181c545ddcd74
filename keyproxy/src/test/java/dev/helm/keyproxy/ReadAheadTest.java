package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ReadAheadTest {
  /** Whoever waits for the bytes is told, whatever became of the read. */
  @Test
  void aReadThatDiesEndsTheWait() throws Exception {
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
    try (Watchdog watchdog = new Watchdog();
        Wire wire =
            new Wire(dying, OutputStream.nullOutputStream(), () -> {}, () -> {}, watchdog)) {
      ReadAhead ahead = ReadAhead.start(wire, count -> true);
      assertThatThrownBy(() -> ahead.take(new byte[4096]))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("deep");
      assertThat(ahead.isDone()).isTrue();
    }
  }
}
