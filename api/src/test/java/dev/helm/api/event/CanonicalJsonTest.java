package dev.helm.api.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalJsonTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NODE =
      "const sort=v=>Array.isArray(v)?v.map(sort):v&&typeof v==='object'"
          + "?Object.fromEntries(Object.keys(v).sort().map(k=>['k'+k,sort(v[k])])):v;"
          + "const write=v=>Array.isArray(v)?'['+v.map(write).join(',')+']'"
          + ":v&&typeof v==='object'?'{'+Object.keys(v).map("
          + "k=>JSON.stringify(k.slice(1))+':'+write(v[k])).join(',')+'}':JSON.stringify(v);"
          + "for(const l of require('fs').readFileSync(0,'utf8').split('\\n'))"
          + "if(l)console.log(write(sort(JSON.parse(l))))";
  private static final String PYTHON =
      "import sys,json\n"
          + "key=lambda s:s.encode('utf-16-be')\n"
          + "def write(v):\n"
          + "  if isinstance(v,dict): return '{'+','.join(write(k)+':'+write(v[k])"
          + " for k in sorted(v,key=key))+'}'\n"
          + "  if isinstance(v,list): return '['+','.join(map(write,v))+']'\n"
          + "  return json.dumps(v,ensure_ascii=False)\n"
          + "for l in sys.stdin.buffer.read().decode().split('\\n'):\n"
          + "  if l: sys.stdout.buffer.write((write(json.loads(l))+'\\n').encode())\n";

  /** RFC 8785, 3.2.3: names are sorted by UTF-16 code units. */
  @Test
  void namesAreSortedAsTheRfcShows() throws Exception {
    Object tree =
        JSON.readValue(
            """
            {"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Dalet","1":"One",
             "\\ud83d\\ude00":"Grinning Face","\\u0080":"Control","\\u00f6":"O Diaeresis"}
            """,
            Object.class);
    assertThat(CanonicalJson.write(tree))
        .isEqualTo(
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\","
                + "\"ö\":\"O Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Grinning Face\","
                + "\"\ufb33\":\"Dalet\"}");
  }

  /** RFC 8785, 3.2.2: the sample's string and literals. */
  @Test
  void stringsAreWrittenAsTheRfcShows() throws Exception {
    Object tree =
        JSON.readValue(
            "{\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
                + "\"literals\":[null,true,false]}",
            Object.class);
    assertThat(CanonicalJson.write(tree))
        .isEqualTo(
            "{\"literals\":[null,true,false],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  }

  @Test
  void integersKeepWithinWhatEveryLanguageHolds() {
    long edge = 1L << 53;
    assertThat(CanonicalJson.write(List.of(0, -1, edge, -edge, BigInteger.valueOf(edge))))
        .isEqualTo("[0,-1,9007199254740992,-9007199254740992,9007199254740992]");
    for (Object beyond : List.of(edge + 1, -edge - 1, BigInteger.TEN.pow(30))) {
      assertThatThrownBy(() -> CanonicalJson.write(beyond))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void fractionsAreNotRounded() {
    assertThat(CanonicalJson.write(new BigDecimal("1.10"))).isEqualTo("1.10");
    assertThat(CanonicalJson.write(new BigDecimal("333333333.33333329")))
        .isEqualTo("333333333.33333329");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\ud800", "a\udc00", "\ud83dx", "\ude00\ud83d"})
  void halfAPairIsRefusedInValuesAndNames(String text) {
    assertThatThrownBy(() -> CanonicalJson.write(text))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> CanonicalJson.write(Map.of(text, 1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatIsNoJsonIsRefused() {
    for (Object value : Arrays.asList(1.5, 1f, 'c', new int[0], Map.of(1, 2))) {
      assertThatThrownBy(() -> CanonicalJson.write(value))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(CanonicalJson.write(Collections.singletonList(null))).isEqualTo("[null]");
  }

  @Test
  void javascriptWritesTheSame(@TempDir Path temp) throws Exception {
    compare(temp, "node", "-e", NODE);
  }

  @Test
  void pythonWritesTheSame(@TempDir Path temp) throws Exception {
    compare(temp, "python3", "-c", PYTHON);
  }

  private static void compare(Path temp, String... oracle) throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    ObjectMapper escaping = JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();
    List<String> mine = new ArrayList<>();
    StringBuilder input = new StringBuilder();
    for (int i = 0; i < 400; i++) {
      Object tree = tree(random, 4);
      mine.add(CanonicalJson.write(tree));
      input.append(escaping.writeValueAsString(tree)).append('\n');
    }
    Path in = Files.writeString(temp.resolve("in"), input);
    Path out = temp.resolve("out");
    Process process = start(oracle, in, out);
    assumeTrue(process != null, oracle[0] + " is not on this machine");
    assertThat(Objects.requireNonNull(process).waitFor(60, TimeUnit.SECONDS)).isTrue();
    String answer = Files.readString(out, StandardCharsets.UTF_8);
    assertThat(List.of(answer.split("\n"))).as("seed %d", seed).isEqualTo(mine);
  }

  private static @Nullable Process start(String[] command, Path in, Path out) {
    try {
      return new ProcessBuilder(command)
          .redirectInput(in.toFile())
          .redirectOutput(out.toFile())
          .redirectError(ProcessBuilder.Redirect.INHERIT)
          .start();
    } catch (IOException e) {
      return null;
    }
  }

  private static @Nullable Object tree(Random random, int depth) {
    return switch (random.nextInt(depth == 0 ? 4 : 6)) {
      case 0 -> text(random);
      case 1 -> random.nextInt(3) == 0 ? null : random.nextBoolean();
      case 2 -> random.nextInt();
      case 3 -> random.nextLong() >> 11;
      case 4 -> {
        List<Object> list = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
          list.add(tree(random, depth - 1));
        }
        yield list;
      }
      default -> {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = random.nextInt(6); i > 0; i--) {
          map.put(text(random), tree(random, depth - 1));
        }
        yield map;
      }
    };
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(6); i > 0; i--) {
      text.appendCodePoint(
          switch (random.nextInt(6)) {
            case 0 -> random.nextInt(0x20);
            case 1 -> 0x80 + random.nextInt(0x780);
            case 2 -> 0xe000 + random.nextInt(0x1ffe);
            case 3 -> 0x10000 + random.nextInt(0x100000);
            case 4 -> "\"\\/\u007f\u2028\u2029".charAt(random.nextInt(6));
            default -> '0' + random.nextInt(70);
          });
    }
    return text.toString();
  }
}
