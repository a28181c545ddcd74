package dev.helm.activities.egress;

import static dev.helm.activities.egress.Trick.Lacks.LIST;
import static dev.helm.activities.egress.Trick.Lacks.MATCH;
import static dev.helm.activities.egress.Trick.Lacks.PORT;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Spellings of hosts and ports that are not granted but look as if. */
final class HostTricks {
  /** Each ends like the granted host, and some reader takes it for another. */
  private static final List<String> LOOK_GRANTED =
      List.of(
          "evil.net\0.stripe.com",
          "evil.net%00.stripe.com",
          "evil.net\t.stripe.com",
          "evil.net\r\n.stripe.com",
          "evil.net\n.stripe.com",
          "evil.net .stripe.com",
          "evil.net\u00a0.stripe.com",
          "evil.net\u0085.stripe.com",
          "evil.net\u007f.stripe.com",
          "evil.net#.stripe.com",
          "evil.net/.stripe.com",
          "evil.net?.stripe.com",
          "evil.net\\.stripe.com",
          "evil.net;.stripe.com",
          "evil.net,stripe.com",
          "evil.net|stripe.com",
          "evil.net&stripe.com",
          "evil.net=stripe.com",
          "evil.net!stripe.com",
          "evil.net$stripe.com",
          "evil.net`stripe.com",
          "evil.net'stripe.com",
          "evil.net\"stripe.com",
          "evil.net(stripe.com",
          "evil.net{stripe.com",
          "evil.net<stripe.com",
          "evil.net^stripe.com",
          "evil.net~stripe.com",
          "evil.net+stripe.com",
          "evil.net*stripe.com",
          "evil.net%2f.stripe.com",
          "evil.net%23.stripe.com",
          "evil.net%3f@stripe.com",
          "evil.net#@stripe.com",
          "evil.net/@stripe.com",
          "user@stripe.com",
          "[::1].stripe.com",
          "[::1]%00.stripe.com",
          "127.0.0.1%00.stripe.com",
          "127.0.0.1\0.stripe.com",
          "evil_net.stripe.com",
          "*.stripe.com",
          ".stripe.com",
          "evil..stripe.com",
          "-evil.stripe.com",
          "evil-.stripe.com",
          "x".repeat(64) + ".stripe.com",
          "x.".repeat(125) + "stripe.com",
          "evilstripe.com",
          "evil-stripe.com",
          "xn--stripe.com");

  private static final List<String> NOT_GRANTED =
      List.of(
          "evil.net",
          "stripe.com.evil.net",
          "stripe.com.",
          "stripe.com..",
          "stripe.co",
          "tripe.com",
          "com",
          "stripe-com",
          "stripe.com@evil.net",
          "stripe.com%40evil.net",
          "stripe.com%00",
          "stripe.com\0",
          "stripe.com%2eevil.net",
          "stripe%2ecom",
          "https://stripe.com",
          "//stripe.com",
          utf8("ｓｔｒｉｐｅ.com"),
          utf8("ſtripe.com"),
          utf8("strıpe.com"),
          utf8("stripe。com"),
          utf8("stripe．com"),
          utf8("str\u00adipe.com"),
          utf8("str\u200bipe.com"),
          utf8("\u202estripe.com"),
          utf8("ѕtripe.com"),
          "xn--tripe-1fd.com",
          "127.0.0.1",
          "127.1",
          "127.0.1",
          "127.0.0.1.",
          "2130706433",
          "0x7f000001",
          "0X7F000001",
          "0x7f.0.0.1",
          "0x7f.1",
          "127.0.0.0x1",
          "0177.0.0.1",
          "00000177.0.0.1",
          "017700000001",
          "127.00.00.01",
          "4294967297",
          "0",
          "0.0.0.0",
          "0x0",
          "169.254.169.254",
          "2852039166",
          "0xa9fea9fe",
          "0251.0376.0251.0376",
          "169.254.43518",
          "169.16689662",
          "100.100.100.200",
          "168.63.129.16",
          "10.0.0.1",
          "192.168.1.1",
          "172.17.0.1",
          "1.1.1.1",
          "16843009",
          utf8("①②⑦.⓪.⓪.①"),
          utf8("127。0。0。1"),
          utf8("１２７.0.0.1"),
          "[::1]",
          "[::]",
          "[0:0:0:0:0:0:0:1]",
          "[::ffff:127.0.0.1]",
          "[::ffff:7f00:1]",
          "[::127.0.0.1]",
          "[64:ff9b::7f00:1]",
          "[2002:7f00:1::]",
          "[fe80::1%25eth0]",
          "[fe80::1%eth0]",
          "[fd00:ec2::254]",
          "[2606:4700::1111]",
          "[::1",
          "::1]",
          "[stripe.com]",
          "localhost",
          "localhost.localdomain",
          "ip6-localhost",
          "metadata.google.internal",
          "host.docker.internal",
          "gateway",
          "_gateway");

  private static final List<String> PORTS =
      List.of(
          "22",
          "25",
          "53",
          "80",
          "8080",
          "8443",
          "2375",
          "3128",
          "6443",
          "1",
          "444",
          "65535",
          "0",
          "00",
          "65536",
          "65979",
          "99999",
          "4294967739",
          "443x",
          "+443",
          "-443",
          "0443",
          "0x1bb",
          "443,80",
          "443;80",
          "44%33",
          "",
          "443.0",
          "443@22",
          "443#22",
          "443/");

  private HostTricks() {}

  static List<Trick> all() {
    List<Trick> all = new ArrayList<>();
    for (String host : LOOK_GRANTED) {
      all.add(Trick.of("CONNECT " + Trick.shown(host), MATCH, connect(host, "443"), hello()));
    }
    for (String host : NOT_GRANTED) {
      all.add(Trick.of("CONNECT " + Trick.shown(host), LIST, connect(host, "443"), hello()));
    }
    for (String port : PORTS) {
      all.add(Trick.of("CONNECT stripe.com:" + port, PORT, connect("stripe.com", port), hello()));
    }
    all.add(Trick.of("no port", PORT, "CONNECT stripe.com HTTP/1.1\r\n\r\n", hello()));
    return all;
  }

  private static String connect(String host, String port) {
    return "CONNECT " + host + ":" + port + " HTTP/1.1\r\nHost: stripe.com:443\r\n\r\n";
  }

  private static byte[] hello() {
    return Hellos.named("stripe.com");
  }

  private static String utf8(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }
}
