package dev.helm.cli.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.event.CanonicalJson;
import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.SourceNumber;
import dev.helm.cli.http.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Takes what Helm writes, and nothing that would be written in another way. */
class CanonicalReaderTest {
  private static final List<String> TEXTS =
      List.of(
          "", "a", "\"\\\b\f\n\r\t\u0000\u001f\u007f", "ü", "\ud83d\ude00", "\ufffd", "/", "é\n");

  private final CanonicalReader reader = new CanonicalReader();

  private Map<String, Object> read(byte[] text) {
    reader.begin(text, text.length);
    Map<String, Object> members = reader.object();
    reader.end();
    return members;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void whatIsWrittenIsReadAndWhatIsReadWouldBeWrittenSo() {
    long seed = Long.getLong("helm.canonical.seed", System.nanoTime());
    Random random = new Random(seed);
    int taken = 0;
    for (int i = 0; i < 20_000; i++) {
      Map<String, Object> tree = object(random, 0);
      byte[] text = utf8(CanonicalJson.write(tree));
      assertThat(CanonicalJson.write(read(text)).getBytes(StandardCharsets.UTF_8))
          .as("seed " + seed)
          .isEqualTo(text);
      byte[] edited = edited(text, random);
      try {
        Map<String, Object> members = read(edited);
        taken++;
        String written = CanonicalJson.write(members);
        assertThat(utf8(written)).as("seed " + seed).isEqualTo(edited);
        // The other reader finds the same in it.
        assertThat(plain(Json.object(written))).as("seed " + seed).isEqualTo(plain(members));
      } catch (CanonicalReader.NotCanonicalException e) {
        assertThat(e).hasMessageContaining("canonical");
      }
    }
    assertThat(taken).as("edits that leave canonical text, seed " + seed).isPositive();
  }

  private static String plain(Map<String, Object> tree) {
    return CanonicalJson.write(tree).replaceAll("-?[0-9][0-9.eE+-]*", "N");
  }

  private static byte[] edited(byte[] text, Random random) {
    byte[] edited = text.clone();
    int at = random.nextInt(text.length);
    edited[at] =
        random.nextInt(3) == 0
            ? (byte) random.nextInt(256)
            : (byte) "{}[]\",:0123456789-+.eEtfn\\ub ".charAt(random.nextInt(29));
    return edited;
  }

  private static Map<String, Object> object(Random random, int depth) {
    Map<String, Object> members = new LinkedHashMap<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      members.put(text(random), value(random, depth + 1));
    }
    return members;
  }

  private static @Nullable Object value(Random random, int depth) {
    return switch (random.nextInt(depth > 3 ? 6 : 8)) {
      case 0 -> null;
      case 1 -> random.nextBoolean();
      case 2 -> (long) random.nextInt(200) - 100;
      case 3 -> random.nextLong((1L << 54) + 1) - (1L << 53);
      case 4 -> new SourceNumber(List.of("1.50", "1e2", "-0.0", "0E-7").get(random.nextInt(4)));
      case 5 -> text(random);
      case 6 -> object(random, depth);
      default -> {
        List<@Nullable Object> items = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
          items.add(value(random, depth + 1));
        }
        yield items;
      }
    };
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(4); i > 0; i--) {
      text.append(TEXTS.get(random.nextInt(TEXTS.size())));
    }
    return text.toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{}x",
        " {}",
        "{ }",
        "{\"a\" :1}",
        "{\"a\":1 }",
        "{\"a\":1,}",
        "{\"b\":1,\"a\":1}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":01}",
        "{\"a\":-0}",
        "{\"a\":+1}",
        "{\"a\":-}",
        "{\"a\":}",
        "{\"a\":.5}",
        "{\"a\":1.}",
        "{\"a\":1e}",
        "{\"a\":1.5.5}",
        "{\"a\":9007199254740993}",
        "{\"a\":99999999999999999999}",
        "{\"a\":1e99999999999}",
        "{\"a\":tru}",
        "{\"a\":nul}",
        "{\"a\":[1,]}",
        "{\"a\":\"\\/\"}",
        "{\"a\":\"\\u0041\"}",
        "{\"a\":\"\\u000A\"}",
        "{\"a\":\"\\u000a\"}",
        "{\"a\":\"\\u001F\"}",
        "{\"a\":\"\\ud83d\\ude00\"}",
        "{\"a\":\"\\\"}",
        "{\"a\":\"\\",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\\é\"}",
        "[]",
        "1"
      })
  void otherFormsAreRefused(String text) {
    assertThatThrownBy(() -> read(utf8(text)))
        .isInstanceOf(CanonicalReader.NotCanonicalException.class);
  }

  @Test
  void bytesThatAreNoUtf8AreRefused() {
    for (int[] bad :
        new int[][] {{0xff}, {0xc0, 0x80}, {0xed, 0xa0, 0xbd}, {0xc3}, {0xf5, 0x80, 0x80, 0x80}}) {
      byte[] text = utf8("{\"a\":\"....\"}");
      for (int i = 0; i < bad.length; i++) {
        text[6 + i] = (byte) bad[i];
      }
      assertThatThrownBy(() -> read(text))
          .isInstanceOf(CanonicalReader.NotCanonicalException.class);
    }
  }

  @Test
  void bracketsWithoutEndAreRefused() {
    assertThat(read(utf8("{\"a\":" + "[".repeat(198) + "]".repeat(198) + "}"))).hasSize(1);
    assertThatThrownBy(() -> read(utf8("{\"a\":" + "[".repeat(1_000_000))))
        .isInstanceOf(CanonicalReader.NotCanonicalException.class);
  }

  @Test
  void theHashOfALineIsThatOfTheEvent() {
    Random random = new Random(5);
    EventLine line = new EventLine();
    for (int i = 1; i < 500; i++) {
      LoggedEvent event =
          LoggedEvent.chained(
              "a".repeat(32),
              i,
              "2026-01-01T00:00:00.000Z",
              text(random),
              text(random),
              object(random, 0),
              LoggedEvent.NO_PREV);
      byte[] bytes = utf8(wire(event));
      assertThat(line.read(bytes, bytes.length)).isTrue();
      assertThat(line.hash()).isEqualTo(event.hash());
      assertThat(line.event().computedHash()).isEqualTo(event.hash());
      assertThat(line.read(bytes, bytes.length - 1)).isFalse();
    }
  }

  private static String wire(LoggedEvent event) {
    return "{\"run\":"
        + CanonicalJson.write(event.run())
        + ",\"seq\":"
        + event.seq()
        + ",\"at\":"
        + CanonicalJson.write(event.at())
        + ",\"type\":"
        + CanonicalJson.write(event.type())
        + ",\"agent\":"
        + CanonicalJson.write(event.agent())
        + ",\"data\":"
        + CanonicalJson.write(event.data())
        + ",\"prev\":"
        + CanonicalJson.write(event.prev())
        + ",\"hash\":"
        + CanonicalJson.write(event.hash())
        + "}";
  }
}
