package dev.helm.activities.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HostNameTest {
  static Stream<String> refused() {
    return Stream.of(
        "",
        ".",
        "..",
        "stripe.com.",
        "stripe.com..",
        ".stripe.com",
        "stripe..com",
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0x7F.0x0.0x0.0x1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "1.1.1.1",
        "08.8.8.8",
        "256.256.256.256",
        "999",
        "stripe.com.1",
        "stripe.0x1",
        "stripe.0x",
        "169.254.169.254",
        "[::1]",
        "::1",
        "[::ffff:127.0.0.1]",
        "::ffff:7f00:1",
        "[fd00:ec2::254]",
        "fe80::1%eth0",
        "stripe.com:443",
        "user@stripe.com",
        "stripe.com@evil.net",
        "evil.net#stripe.com",
        "evil.net?stripe.com",
        "evil.net/stripe.com",
        "evil.net\\stripe.com",
        "evil.net\0.stripe.com",
        "evil.net%00.stripe.com",
        "evil.net%2estripe.com",
        "stripe.com\r\nHost: evil.net",
        "stripe.com\n",
        "stripe.com\t",
        " stripe.com",
        "stripe.com ",
        "stripe com",
        "stripe_x.com",
        "stripe,com",
        "stripe;com",
        "*.stripe.com",
        "*",
        "stripe.com*",
        "'stripe.com'",
        "\"stripe.com\"",
        "${stripe}.com",
        "$(x).com",
        "`x`.com",
        "https://stripe.com",
        "//stripe.com",
        "stripe\u3002com",
        "stripe\uff0ecom",
        "stripe\uff61com",
        "str\u0131pe.com",
        "\u212Belvin.com",
        "strip\u0435.com",
        "\u24e2tripe.com",
        "\uff53tripe.com",
        "stri\u00adpe.com",
        "stri\u200bpe.com",
        "\u2460.\u2461.\u2462.\u2463",
        "\u0661.\u0661.\u0661.\u0661",
        "\ufeffstripe.com",
        "stripe.com\u0000",
        "-stripe.com",
        "stripe-.com",
        "stripe.-com",
        "stripe.com-",
        "a".repeat(64) + ".com",
        ("a".repeat(60) + ".").repeat(5) + "com");
  }

  @ParameterizedTest
  @MethodSource("refused")
  void refusesAllElse(String raw) {
    assertThatThrownBy(() -> HostName.parse(raw)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void thereAreManySpellings() {
    assertThat(refused().distinct()).hasSizeGreaterThan(60);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "stripe.com",
        "STRIPE.com",
        "a-b.example.co.uk",
        "xn--bcher-kva.example",
        "0x.org",
        "1.2.3.com",
        "db"
      })
  void acceptsHosts(String raw) {
    assertThat(HostName.parse(raw)).hasToString(raw.toLowerCase(java.util.Locale.ROOT));
  }

  @Test
  void aWildcardMeansBelowAndNotItself() {
    HostPattern below = HostPattern.parse("*.example.com");
    assertThat(below.matches(HostName.parse("a.example.com"))).isTrue();
    assertThat(below.matches(HostName.parse("a.b.example.com"))).isTrue();
    assertThat(below.matches(HostName.parse("example.com"))).isFalse();
    assertThat(below.matches(HostName.parse("badexample.com"))).isFalse();
    assertThat(below.matches(HostName.parse("a.example.com.evil.net"))).isFalse();
    HostPattern exact = HostPattern.parse("Example.com");
    assertThat(exact.matches(HostName.parse("EXAMPLE.COM"))).isTrue();
    assertThat(exact.matches(HostName.parse("a.example.com"))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"*", "*.", "*.com", "a*.example.com", "*.*.example.com", "**.example.com"})
  void refusesWiderPatterns(String raw) {
    assertThatThrownBy(() -> HostPattern.parse(raw)).isInstanceOf(IllegalArgumentException.class);
  }
}
