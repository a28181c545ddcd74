package dev.helm.activities.egress;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Granted names whose owner lets them answer with addresses of the inside. */
final class AnswerTricks {
  static final String DOMAIN = "answers.example";

  /** A public address that the fake machine has itself. */
  static final String OWN = "9.9.9.9";

  private static final List<String> INSIDE =
      List.of(
          "127.0.0.1",
          "127.255.255.254",
          "0.0.0.0",
          "0.1.2.3",
          "10.0.0.1",
          "10.255.255.255",
          "100.64.0.1",
          "100.100.100.200",
          "168.63.129.16",
          "169.254.169.254",
          "169.254.170.2",
          "172.16.0.1",
          "172.31.255.255",
          "192.0.0.192",
          "192.0.2.1",
          "192.88.99.1",
          "192.168.0.1",
          "198.18.0.1",
          "198.19.255.255",
          "198.51.100.1",
          "203.0.113.1",
          "224.0.0.1",
          "239.255.255.255",
          "240.0.0.1",
          "255.255.255.255",
          OWN,
          "::",
          "::1",
          "::ffff:127.0.0.1",
          "::ffff:10.0.0.1",
          "::127.0.0.1",
          "::10.0.0.1",
          "64:ff9b::7f00:1",
          "64:ff9b::a9fe:a9fe",
          "64:ff9b:1::1",
          "100::1",
          "2001::1",
          "2001:0:7f00:1::1",
          "2001:10::1",
          "2001:20::1",
          "2001:db8::1",
          "2002:7f00:1::",
          "2002:a9fe:a9fe::",
          "3fff::1",
          "5f00::1",
          "fc00::1",
          "fd00:ec2::254",
          "fd20:ce::254",
          "fe80::1",
          "fec0::1",
          "ff02::1",
          "4000::1");

  private static final List<List<String>> MIXED =
      List.of(
          List.of("1.1.1.1", "10.0.0.1"),
          List.of("10.0.0.1", "1.1.1.1"),
          List.of("1.1.1.1", "8.8.8.8", "127.0.0.1"),
          List.of("1.1.1.1", "::1"),
          List.of("2606:4700::1111", "169.254.169.254"),
          List.of("2606:4700::1111", "fe80::1"),
          List.of("1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4", "9.9.9.10", "192.168.0.1"));

  private AnswerTricks() {}

  /** Name to what it answers. */
  static Map<String, List<InetAddress>> names() {
    List<List<String>> answers = new ArrayList<>(INSIDE.stream().map(List::of).toList());
    answers.addAll(MIXED);
    Map<String, List<InetAddress>> names = new LinkedHashMap<>();
    for (List<String> answer : answers) {
      names.put(
          "a" + names.size() + "." + DOMAIN, answer.stream().map(AnswerTricks::address).toList());
    }
    return names;
  }

  static List<Trick> all() {
    List<Trick> all = new ArrayList<>();
    names()
        .forEach(
            (name, answers) ->
                all.add(
                    Trick.of(
                        "a name that answers "
                            + answers.stream().map(InetAddress::getHostAddress).toList(),
                        Trick.Lacks.ADDRESS,
                        "CONNECT " + name + ":443 HTTP/1.1\r\n\r\n",
                        Hellos.named(name))));
    return all;
  }

  static InetAddress address(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (UnknownHostException e) {
      throw new AssertionError("a literal needs no look-up", e);
    }
  }
}
