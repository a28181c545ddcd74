package dev.helm.activities.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ClientHelloTest {
  private static final int SERVER_NAME = 0;

  @Test
  void readsTheNameOfARealHello() throws Exception {
    byte[] hello = jdkHello("site.example.com");
    ClientHello reader = new ClientHello();
    assertThat(reader.take(ByteBuffer.wrap(hello))).isEqualTo("site.example.com");
    assertThat(reader.bytes()).isEqualTo(hello);
  }

  @Test
  void readsItByteByByte() throws Exception {
    byte[] hello = jdkHello("site.example.com");
    ClientHello reader = new ClientHello();
    for (int i = 0; i < hello.length - 1; i++) {
      assertThat(reader.take(ByteBuffer.wrap(hello, i, 1))).isNull();
    }
    assertThat(reader.take(ByteBuffer.wrap(hello, hello.length - 1, 1)))
        .isEqualTo("site.example.com");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 7, 50, 200})
  void readsItFromManyRecords(int contentBytes) throws Exception {
    byte[] content = contentOf(jdkHello("site.example.com"));
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    for (int at = 0; at < content.length; at += contentBytes) {
      records.writeBytes(
          record(22, Arrays.copyOfRange(content, at, Math.min(content.length, at + contentBytes))));
    }
    assertThat(take(records.toByteArray())).isEqualTo("site.example.com");
  }

  @Test
  void keepsBytesThatFollow() throws Exception {
    byte[] hello = jdkHello("site.example.com");
    byte[] more = Arrays.copyOf(hello, hello.length + 9);
    ClientHello reader = new ClientHello();
    assertThat(reader.take(ByteBuffer.wrap(more))).isEqualTo("site.example.com");
    assertThat(reader.bytes()).isEqualTo(more);
  }

  @Test
  void refusesAHelloWithoutName() {
    assertDenied(hello(List.of()), "names no server");
    assertDenied(hello(List.of(extension(43, new byte[] {2, 3, 4}))), "names no server");
  }

  @Test
  void refusesTwoNames() {
    byte[] name = serverName("a.example.com");
    assertDenied(
        hello(List.of(extension(SERVER_NAME, name), extension(SERVER_NAME, name))), "twice");
    byte[] two = concat(nameEntry(0, "a.example.com"), nameEntry(0, "b.example.com"));
    assertDenied(hello(List.of(extension(SERVER_NAME, list(two)))), "more than one");
    assertDenied(
        hello(List.of(extension(SERVER_NAME, list(nameEntry(1, "a.example.com"))))), "by host");
  }

  @Test
  void refusesAnEncryptedHello() {
    assertDenied(
        hello(
            List.of(
                extension(SERVER_NAME, serverName("a.example.com")),
                extension(0xfe0d, new byte[10]))),
        "ECH");
  }

  @Test
  void refusesWhatIsNotTls() {
    assertDenied("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII), "only TLS");
    assertDenied("SSH-2.0-x\r\n".getBytes(StandardCharsets.US_ASCII), "only TLS");
    assertDenied(new byte[] {(byte) 0x80, 0x2e, 1, 3, 1}, "only TLS");
    assertDenied(new byte[] {22, 2}, "only TLS");
    assertDenied(record(22, new byte[] {2, 0, 0, 1, 0}), "not a hello");
    assertDenied(new byte[] {22, 3, 1, 0, 0}, "record of 0");
    assertDenied(record(22, new byte[] {1, (byte) 0xff, (byte) 0xff, (byte) 0xff}), "larger than");
    assertDenied(concat(record(22, new byte[] {1, 0}), record(23, new byte[] {1})), "only TLS");
  }

  @Test
  void refusesEveryCutAndLie() throws Exception {
    byte[] content = contentOf(jdkHello("site.example.com"));
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 20_000; round++) {
      byte[] bad = content.clone();
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
      }
      try {
        String name = take(record(22, bad));
        assertThat(name == null || name.length() <= bad.length).as("seed %d", seed).isTrue();
      } catch (EgressDenied e) {
        assertThat(e.reason()).as("seed %d", seed).isNotEmpty();
      }
    }
  }

  @Test
  void refusesAnEndlessHello() {
    ClientHello reader = new ClientHello();
    byte[] piece = record(22, new byte[] {1, 0, 0x3f, (byte) 0xff});
    assertThatThrownBy(
            () -> {
              reader.take(ByteBuffer.wrap(piece));
              while (true) {
                reader.take(ByteBuffer.wrap(record(22, new byte[1024])));
              }
            })
        .isInstanceOf(EgressDenied.class)
        .hasMessageContaining("larger than");
  }

  static byte[] jdkHello(String host) throws Exception {
    SSLEngine engine = SSLContext.getDefault().createSSLEngine();
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName(host)));
    engine.setSSLParameters(parameters);
    ByteBuffer out = ByteBuffer.allocate(32 << 10);
    engine.wrap(ByteBuffer.allocate(0), out);
    out.flip();
    byte[] bytes = new byte[out.remaining()];
    out.get(bytes);
    return bytes;
  }

  private static void assertDenied(byte[] bytes, String why) {
    assertThatThrownBy(() -> take(bytes))
        .isInstanceOf(EgressDenied.class)
        .hasMessageContaining(why);
  }

  private static @Nullable String take(byte[] bytes) throws EgressDenied {
    return new ClientHello().take(ByteBuffer.wrap(bytes));
  }

  private static byte[] contentOf(byte[] record) {
    return Arrays.copyOfRange(record, 5, record.length);
  }

  private static byte[] record(int type, byte[] content) {
    return concat(
        new byte[] {(byte) type, 3, 1, (byte) (content.length >> 8), (byte) content.length},
        content);
  }

  private static byte[] hello(List<byte[]> extensions) {
    byte[] all = extensions.stream().reduce(new byte[0], ClientHelloTest::concat);
    byte[] fixed = new byte[2 + 32 + 1 + 2 + 2 + 1 + 1];
    fixed[0] = 3;
    fixed[1] = 3;
    fixed[36] = 2;
    fixed[39] = 1;
    byte[] body = concat(fixed, concat(shortOf(all.length), all));
    byte[] head = {1, 0, (byte) (body.length >> 8), (byte) body.length};
    return record(22, concat(head, body));
  }

  private static byte[] extension(int type, byte[] body) {
    return concat(concat(shortOf(type), shortOf(body.length)), body);
  }

  private static byte[] serverName(String host) {
    return list(nameEntry(0, host));
  }

  private static byte[] nameEntry(int type, String host) {
    byte[] name = host.getBytes(StandardCharsets.US_ASCII);
    return concat(concat(new byte[] {(byte) type}, shortOf(name.length)), name);
  }

  private static byte[] list(byte[] entries) {
    return concat(shortOf(entries.length), entries);
  }

  private static byte[] shortOf(int value) {
    return new byte[] {(byte) (value >> 8), (byte) value};
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
