package dev.helm.activities.publish;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class MultipartTest {
  private static final int FILE_BYTES = 1 << 20;

  private static Bundle bundle(int files) {
    List<Bundle.Item> items = new ArrayList<>();
    for (int i = 0; i < files; i++) {
      items.add(new Bundle.Item("out/é \"" + i + "\".bin", FILE_BYTES, "0".repeat(64)));
    }
    return new Bundle("key-1", "4f3a".repeat(8), "brief", "for you", 1, items);
  }

  private static byte[] content(Bundle.Item file) {
    byte[] content = new byte[(int) file.bytes()];
    Arrays.fill(content, (byte) 'x');
    return content;
  }

  @Test
  void ofItsFilesOneAtATimeIsInMemoryAndItsLengthIsKnownBefore() throws IOException {
    List<String> order = new ArrayList<>();
    Multipart body =
        new Multipart(
            bundle(20),
            file -> {
              order.add("read");
              return content(file);
            });
    long[] bytes = {0};
    body.to(
        new OutputStream() {
          @Override
          public void write(int octet) {
            bytes[0]++;
          }

          @Override
          public void write(byte[] part, int from, int length) {
            assertThat(length).isLessThanOrEqualTo(FILE_BYTES);
            bytes[0] += length;
            if (length == FILE_BYTES) {
              order.add("written");
            }
          }
        });
    assertThat(bytes[0]).isEqualTo(body.bytes()).isGreaterThan(20L * FILE_BYTES);
    for (int i = 0; i < order.size(); i++) {
      assertThat(order.get(i)).isEqualTo(i % 2 == 0 ? "read" : "written");
    }
  }

  @Test
  void itsPartsAreTheManifestAndTheFiles() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new Multipart(bundle(1), MultipartTest::content).to(out);
    assertThat(out.toString(StandardCharsets.UTF_8))
        .startsWith(
            "--helm-key-1\r\nContent-Disposition: form-data; name=\"manifest\"\r\n"
                + "Content-Type: application/json\r\n\r\n{\"key\":\"key-1\"")
        .contains(
            "\r\n--helm-key-1\r\nContent-Disposition: form-data; name=\"file\";"
                + " filename=\"out/é %220%22.bin\"\r\nContent-Type: application/octet-stream"
                + "\r\n\r\nxxx")
        .endsWith("xxx\r\n--helm-key-1--\r\n");
  }
}
