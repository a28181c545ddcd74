package dev.helm.activities.egress;

import static dev.helm.activities.egress.Hellos.concat;
import static dev.helm.activities.egress.Hellos.entry;
import static dev.helm.activities.egress.Hellos.extension;
import static dev.helm.activities.egress.Hellos.hello;
import static dev.helm.activities.egress.Hellos.inPieces;
import static dev.helm.activities.egress.Hellos.list;
import static dev.helm.activities.egress.Hellos.named;
import static dev.helm.activities.egress.Hellos.record;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is said inside a tunnel to a granted host. */
final class HelloTricks {
  private static final String HOST = "stripe.com";

  private HelloTricks() {}

  static List<Trick> all() {
    Map<String, byte[]> inside = new LinkedHashMap<>();
    names(inside);
    shapes(inside);
    other(inside);
    List<Trick> all = new ArrayList<>();
    inside.forEach(
        (name, bytes) ->
            all.add(
                Trick.of(
                    "inside the tunnel: " + name,
                    Trick.Lacks.HELLO,
                    "CONNECT stripe.com:443 HTTP/1.1\r\n\r\n",
                    bytes)));
    all.add(
        new Trick(
            "other server in a hello sent with the CONNECT",
            Trick.Lacks.HELLO,
            concat(text("CONNECT stripe.com:443 HTTP/1.1\r\n\r\n"), named("evil.net")),
            new byte[0]));
    return all;
  }

  private static void names(Map<String, byte[]> inside) {
    for (String name :
        List.of(
            "evil.net",
            "www.stripe.com",
            "stripe.com.",
            "stripe.com.evil.net",
            "evilstripe.com",
            "evil.net\0.stripe.com",
            "stripe.com\0",
            " stripe.com",
            "stripe.com ",
            "",
            ".",
            "127.0.0.1",
            "[::1]",
            "*.stripe.com",
            "stripe.com:443",
            "ſtripe.com",
            "x".repeat(300) + ".stripe.com")) {
      inside.put("server name " + Trick.shown(name), named(name));
    }
    inside.put("no server name", record(hello(List.of(extension(43, new byte[] {2, 3, 4})))));
    inside.put("no extensions", record(hello(List.of())));
    inside.put(
        "two names in one list",
        record(hello(List.of(extension(0, list(entry(0, HOST), entry(0, "evil.net")))))));
    inside.put(
        "two lists",
        record(
            hello(
                List.of(
                    extension(0, list(entry(0, HOST))),
                    extension(0, list(entry(0, "evil.net")))))));
    inside.put(
        "a name of another type", record(hello(List.of(extension(0, list(entry(1, HOST)))))));
    inside.put(
        "encrypted hello",
        record(
            hello(List.of(extension(0, list(entry(0, HOST))), extension(0xfe0d, new byte[80])))));
    inside.put(
        "encrypted name of an older draft",
        record(
            hello(List.of(extension(0, list(entry(0, HOST))), extension(0xffce, new byte[80])))));
  }

  private static void shapes(Map<String, byte[]> inside) {
    byte[] good = hello(List.of(extension(0, list(entry(0, HOST)))));
    byte[] bad = hello(List.of(extension(0, list(entry(0, "evil.net")))));
    inside.put("other server in records of one byte", inPieces(bad, 1));
    inside.put("other server in records of seven bytes", inPieces(bad, 7));
    inside.put("a second hello in the same record", record(concat(good, bad)));
    inside.put("a message of another type first", record(concat(new byte[] {0, 0, 0, 0}, good)));
    inside.put("an alert first", concat(record(21, new byte[] {1, 0}), record(good)));
    inside.put("an empty record first", concat(record(new byte[0]), record(good)));
    inside.put("application data first", concat(record(23, new byte[5]), record(good)));
    inside.put("a change of cipher first", concat(record(20, new byte[] {1}), record(good)));
    inside.put(
        "a length that lies", record(concat(Arrays.copyOf(good, good.length - 9), new byte[9])));
    inside.put("a hello of 17 KB", record(hello(List.of(extension(21, new byte[17 << 10])))));
    inside.put(
        "a list length that lies",
        record(hello(List.of(extension(0, new byte[] {0, 99, 0, 0, 1, 'x'})))));
    byte[] ssl2 = {(byte) 0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10};
    inside.put("an SSL 2 hello", concat(ssl2, new byte[40]));
    byte[] version = record(good);
    version[1] = 2;
    inside.put("a record of SSL 2's version", version);
    inside.put(
        "a datagram hello (DTLS)", concat(new byte[] {22, (byte) 0xfe, (byte) 0xfd}, new byte[60]));
  }

  private static void other(Map<String, byte[]> inside) {
    inside.put("HTTP", text("GET / HTTP/1.1\r\nHost: evil.net\r\n\r\n"));
    inside.put("HTTP/2 without TLS", text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    inside.put("a nested CONNECT", text("CONNECT evil.net:443 HTTP/1.1\r\n\r\n"));
    inside.put("SSH", text("SSH-2.0-OpenSSH_9.2\r\n"));
    inside.put("SMTP", text("EHLO evil.net\r\n"));
    inside.put("PostgreSQL", new byte[] {0, 0, 0, 8, 4, (byte) 0xd2, 0x16, 0x2f});
    inside.put("SOCKS5", new byte[] {5, 1, 0});
    inside.put("raw bytes", new byte[] {(byte) 0xde, (byte) 0xad, (byte) 0xbe, (byte) 0xef});
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
