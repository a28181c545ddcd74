package dev.helm.keyproxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** An upstream that writes the key back: no byte of it reaches the client. */
class KeyEchoTest {
  private static final String LONG_KEY = "sk-ant-api03-" + "aB3_dE-7".repeat(11) + "AA";
  private static final String MARK = "echo:";

  /** How the key is written back. */
  enum Form {
    PLAIN,
    ESCAPED,
    HALF_ESCAPED,
    BASE64_0,
    BASE64_1,
    BASE64_2,
    BASE64_URL,
    HEX,
    UPPER_HEX;

    String of(String key) {
      byte[] bytes = key.getBytes(StandardCharsets.US_ASCII);
      return switch (this) {
        case PLAIN -> key;
        case ESCAPED -> escaped(key, 1);
        case HALF_ESCAPED -> escaped(key, 3);
        case BASE64_0, BASE64_1, BASE64_2 ->
            Base64.getEncoder().encodeToString(Sse.bytes("abc".substring(0, at()) + key + "xyz"));
        case BASE64_URL -> Base64.getUrlEncoder().encodeToString(bytes);
        case HEX -> HexFormat.of().formatHex(bytes);
        case UPPER_HEX -> HexFormat.of().formatHex(bytes).toUpperCase(Locale.ROOT);
      };
    }

    private int at() {
      return ordinal() - BASE64_0.ordinal();
    }

    private static String escaped(String key, int each) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < key.length(); i++) {
        char c = key.charAt(i);
        text.append(i % each == 0 ? "\\u%04x".formatted((int) c) : String.valueOf(c));
      }
      return text.toString();
    }
  }

  private static KeyPatterns patterns(String key) {
    byte[] bytes = Sse.bytes(key);
    return new KeyPatterns(
        java.util.Arrays.copyOf(bytes, Math.min(bytes.length, KeyPatterns.MAX_KEY_BYTES)));
  }

  @ParameterizedTest
  @EnumSource(Form.class)
  void isFoundWhereverTheBytesAreCut(Form form) {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (String key : new String[] {Rig.KEY, LONG_KEY}) {
      KeyPatterns patterns = patterns(key);
      for (int i = 0; i < 300; i++) {
        String before = Sse.delta("x".repeat(random.nextInt(20)) + key.substring(0, 9)) + MARK;
        byte[] text = Sse.bytes(before + form.of(key) + "\"}\n\n");
        int out = sentBeforeTheHit(random, new KeyScan(patterns), text);
        // Base64 begins with up to four characters that hold bits of what stands before the key.
        assertThat(out).as("seed " + seed).isBetween(0, Sse.bytes(before).length + 4);
      }
    }
  }

  /** How many bytes went out until the key was found; -1 if it was not. */
  private static int sentBeforeTheHit(Random random, KeyScan scan, byte[] text) {
    int sent = 0;
    for (int at = 0; at < text.length; ) {
      int count = Math.min(text.length - at, 1 + random.nextInt(random.nextBoolean() ? 4 : 200));
      if (scan.take(text, at, count)) {
        return sent;
      }
      at += count;
      sent = Math.max(sent, at - scan.pending());
    }
    return -1;
  }

  @Test
  void innocentTextIsNeverHeldBeyondItsEvent() {
    KeyScan scan = new KeyScan(patterns(LONG_KEY));
    for (String event : Sse.whole(50).split("(?<=\n\n)")) {
      byte[] bytes = Sse.bytes(event + Sse.delta(LONG_KEY.substring(0, 31) + "\\u0073k-ant"));
      assertThat(scan.take(bytes, 0, bytes.length)).isFalse();
      assertThat(scan.pending()).isZero();
    }
  }

  /** Where the upstream writes it. */
  record Place(String name, boolean stream, FakeUpstream.Answer answer) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Place> places() {
    return Stream.of(Form.values())
        .flatMap(
            form -> {
              String text = form.of(Rig.KEY);
              int half = text.length() / 2;
              String start = Sse.start() + Sse.delta("x") + "event: error\ndata: {\"e\":\"";
              return Stream.of(
                  new Place(form + " in a stream", true, chunks(start + text + "\"}\n\n")),
                  new Place(
                      form + " cut in a stream",
                      true,
                      chunks(start, text.substring(0, half), text.substring(half), "\"}\n\n")),
                  new Place(
                      form + " in a message",
                      true,
                      (request, socket, out) ->
                          RelayTest.json(out, 200, "{\"a\":\"" + text + "\"}")),
                  new Place(
                      form + " in an error",
                      false,
                      (request, socket, out) ->
                          RelayTest.json(out, 401, "{\"a\":\"" + text + "\"}")),
                  new Place(
                      form + " in a header",
                      false,
                      (request, socket, out) ->
                          out.write(
                              Sse.bytes(
                                  "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id:"
                                      + text
                                      + "\r\ncontent-length: 2\r\n\r\n{}"))));
            });
  }

  private static FakeUpstream.Answer chunks(String... chunks) {
    return (request, socket, out) -> {
      out.write(Sse.bytes(Sse.HEAD));
      for (String chunk : chunks) {
        Sse.chunk(out, chunk);
      }
      Sse.chunk(out, Sse.end(9));
      out.write(Sse.bytes("0\r\n\r\n"));
    };
  }

  @ParameterizedTest
  @MethodSource("places")
  void doesNotReachTheClient(Place place) throws Exception {
    String part = Rig.KEY.substring(0, 8);
    try (Rig rig = new Rig(place.answer(), Rig.shortTimes());
        NaiveProxy naive = new NaiveProxy(rig.upstream.port())) {
      RawClient.Answer answer = rig.exchange(RawClient.post(RawClient.BODY));
      assertThat(answer.status()).isEqualTo(place.stream() ? 200 : 502);
      assertThat(answer.whole()).isEqualTo(!place.stream());
      assertThat(found(answer)).isFalse();
      assertThat(answer.head() + answer.text()).doesNotContain(part);
      Rig.until(() -> !rig.ledger.of("charge").isEmpty());
      Rig.until(() -> rig.log().contains("ALARM: call " + rig.ledger.of("charge").getFirst().id()));
      assertThat(rig.log()).doesNotContain(part);
      // The positive control: without the search the client has the key.
      try (RawClient client = new RawClient(naive.port())) {
        assertThat(found(client.send(RawClient.post(RawClient.BODY)).read())).isTrue();
      }
    }
  }

  private static boolean found(RawClient.Answer answer) {
    byte[] all = Sse.bytes(answer.head() + answer.text());
    return new KeyScan(patterns(Rig.KEY)).take(all, 0, all.length);
  }
}
