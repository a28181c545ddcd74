package dev.helm.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.helm.api.event.Content;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @CsvSource({
    "0.42,420000,0.420000,$0.42",
    "5,5000000,5.000000,$5.00",
    "0.000001,1,0.000001,$0.01",
    "-0.000001,-1,-0.000001,$0.00",
    "1e3,1000000000,1000.000000,$1000.00",
    "0,0,0.000000,$0.00",
    "9223372036854.775807,9223372036854775807,9223372036854.775807,$9223372036854.78"
  })
  void dollarsAreExact(String text, long micros, String wire, String shown) throws Exception {
    Usd usd = Usd.parse(text);
    assertThat(usd.micros()).isEqualTo(micros);
    assertThat(JSON.writeValueAsString(usd)).isEqualTo("\"" + wire + "\"");
    assertThat(JSON.readValue("\"" + wire + "\"", Usd.class)).isEqualTo(usd);
    assertThat(usd.shown()).isEqualTo(shown);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "0.0000001",
        "1e99",
        "NaN",
        "Infinity",
        "9223372036854.775808",
        "1,5",
        " 1",
        "$1",
        "1e-7",
        "00000000000000000000000000000000001"
      })
  void whatIsNoAmountIsRefused(String text) {
    assertThatThrownBy(() -> Usd.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void sumsNeverWrap() {
    Usd most = new Usd(Long.MAX_VALUE);
    assertThatThrownBy(() -> most.plus(new Usd(1))).isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> new Usd(Long.MIN_VALUE).minus(new Usd(1)))
        .isInstanceOf(ArithmeticException.class);
    assertThat(Usd.parse("1").compareTo(Usd.ZERO)).isPositive();
  }

  @Test
  void runIdsAreHex() throws Exception {
    Set<RunId> ids = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      RunId id = RunId.random();
      assertThat(ids.add(id)).isTrue();
      assertThat(id.toString()).matches("[0-9a-f]{32}").startsWith(id.shown());
      assertThat(JSON.readValue(JSON.writeValueAsString(id), RunId.class)).isEqualTo(id);
    }
    for (String wrong :
        new String[] {"", "4f3a", "4F3A".repeat(8), "4f3g".repeat(8), "4f3a".repeat(9)}) {
      assertThatThrownBy(() -> RunId.of(wrong)).isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(RunId.isPrefix("4f3a")).isTrue();
    assertThat(RunId.isPrefix("")).isFalse();
    assertThat(RunId.isPrefix("4F")).isFalse();
    assertThat(RunId.isPrefix("a".repeat(33))).isFalse();
  }

  @Test
  void contentIsAStringOrAReference() throws Exception {
    for (String json :
        new String[] {
          "\"x\"", "\"\"", "{\"sha256\":\"ab\",\"bytes\":3,\"mediaType\":\"text/plain\"}"
        }) {
      assertThat(JSON.writeValueAsString(JSON.readValue(json, Content.class))).isEqualTo(json);
    }
    for (String json : new String[] {"1", "[]", "{}", "{\"sha256\":\"ab\"}", "true"}) {
      assertThatThrownBy(() -> JSON.readValue(json, Content.class)).isInstanceOf(Exception.class);
    }
  }

  @Test
  void aSecretIsNotPrinted() {
    Secret secret = Secret.of("s3cret");
    assertThat(secret + "" + secret.toString()).doesNotContain("s3cret");
    assertThatThrownBy(() -> JSON.writeValueAsString(secret)).isInstanceOf(Exception.class);
    assertThat(secret.reveal()).isEqualTo("s3cret");
  }

  @Test
  void statusesAreTheWiresWords() throws Exception {
    for (RunStatus status : RunStatus.values()) {
      String json = JSON.writeValueAsString(status);
      assertThat(json).isEqualTo(json.toLowerCase(java.util.Locale.ROOT));
      assertThat(JSON.readValue(json, RunStatus.class)).isEqualTo(status);
    }
  }
}
