package dev.helm.activities.egress;

import static dev.helm.activities.egress.Trick.Lacks.HTTP;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Requests that two parsers could read differently, and what is no request at all. */
final class HttpTricks {
  private static final String TO = "CONNECT stripe.com:443 HTTP/1.1\r\n";
  private static final String POST = "POST http://intranet.example/ HTTP/1.1\r\n";

  private HttpTricks() {}

  static List<Trick> all() {
    Map<String, String> heads = new LinkedHashMap<>();
    connects(heads);
    plain(heads);
    bodies(heads);
    other(heads);
    List<Trick> all = new ArrayList<>();
    heads.forEach((name, head) -> all.add(Trick.of(name, HTTP, head, Hellos.named("stripe.com"))));
    return all;
  }

  private static void connects(Map<String, String> heads) {
    heads.put("lower case method", "connect stripe.com:443 HTTP/1.1\r\n\r\n");
    heads.put("mixed case method", "Connect stripe.com:443 HTTP/1.1\r\n\r\n");
    heads.put("two spaces", "CONNECT  stripe.com:443 HTTP/1.1\r\n\r\n");
    heads.put("tabs", "CONNECT\tstripe.com:443\tHTTP/1.1\r\n\r\n");
    heads.put("space at the end", "CONNECT stripe.com:443 HTTP/1.1 \r\n\r\n");
    heads.put("no version", "CONNECT stripe.com:443\r\n\r\n");
    heads.put("HTTP/1.2", "CONNECT stripe.com:443 HTTP/1.2\r\n\r\n");
    heads.put("HTTP/2.0", "CONNECT stripe.com:443 HTTP/2.0\r\n\r\n");
    heads.put("http/1.1 in lower case", "CONNECT stripe.com:443 http/1.1\r\n\r\n");
    heads.put("empty line first", "\r\n" + TO + "\r\n");
    heads.put("line feeds alone", "CONNECT stripe.com:443 HTTP/1.1\nX: a\n\n");
    heads.put("a line feed alone", "CONNECT stripe.com:443 HTTP/1.1\nX: a\r\n\r\n");
    heads.put("a carriage return alone", TO + "X: a\rHost: evil.net\r\n\r\n");
    heads.put("NUL in a header", TO + "X: a\0b\r\n\r\n");
    heads.put("DEL in a header", TO + "X: a\u007fb\r\n\r\n");
    heads.put("folded header", TO + "X: a\r\n b\r\n\r\n");
    heads.put("folded first header", TO + " X: a\r\n\r\n");
    heads.put("space before the colon", TO + "Host : stripe.com\r\n\r\n");
    heads.put("header without colon", TO + "Host\r\n\r\n");
    heads.put("header without name", TO + ": stripe.com\r\n\r\n");
    heads.put("header name with a slash", TO + "Ho/st: stripe.com\r\n\r\n");
    heads.put("two hosts", TO + "Host: stripe.com\r\nHost: evil.net\r\n\r\n");
    heads.put("two hosts, other case", TO + "Host: stripe.com\r\nhOST: evil.net\r\n\r\n");
    heads.put("CONNECT with a body", TO + "Content-Length: 5\r\n\r\nhello");
    heads.put("CONNECT in chunks", TO + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    heads.put("CONNECT with upgrade", TO + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    heads.put("header beyond the bound", TO + "X: " + "x".repeat(9000) + "\r\n\r\n");
    heads.put("headers beyond the bound", TO + "X: y\r\n".repeat(2000) + "\r\n");
    heads.put("target beyond the bound", "CONNECT " + "x".repeat(5000) + ":443 HTTP/1.1\r\n\r\n");
    heads.put("proxy chain", "CONNECT http://stripe.com:443 HTTP/1.1\r\n\r\n");
  }

  private static void plain(Map<String, String> heads) {
    for (String method : List.of("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")) {
      heads.put("plain " + method, method + " http://stripe.com/ HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    heads.put("plain http at the port of TLS", "GET http://stripe.com:443/ HTTP/1.1\r\n\r\n");
    heads.put("plain http to an address", "GET http://127.0.0.1/ HTTP/1.1\r\n\r\n");
    heads.put("scheme in upper case", "GET HTTP://stripe.com/ HTTP/1.1\r\n\r\n");
    heads.put("user in the URL", "GET http://u@stripe.com/ HTTP/1.1\r\n\r\n");
    heads.put("decoy user", "GET http://intranet.example@evil.net/ HTTP/1.1\r\n\r\n");
    heads.put("decoy password", "GET http://intranet.example:80@evil.net/ HTTP/1.1\r\n\r\n");
    heads.put("backslash", "GET http://evil.net\\@intranet.example/ HTTP/1.1\r\n\r\n");
    heads.put("fragment", "GET http://evil.net#@intranet.example/ HTTP/1.1\r\n\r\n");
    heads.put("three slashes", "GET http:///intranet.example/ HTTP/1.1\r\n\r\n");
    heads.put("one slash", "GET http:/intranet.example/ HTTP/1.1\r\n\r\n");
    heads.put("https in absolute form", "GET https://stripe.com/ HTTP/1.1\r\n\r\n");
    heads.put("ftp", "GET ftp://stripe.com/ HTTP/1.1\r\n\r\n");
    heads.put("ws", "GET ws://stripe.com/ HTTP/1.1\r\n\r\n");
    heads.put("gopher", "GET gopher://stripe.com/ HTTP/1.1\r\n\r\n");
    heads.put("file", "GET file:///etc/passwd HTTP/1.1\r\nHost: stripe.com\r\n\r\n");
    heads.put("origin form", "GET / HTTP/1.1\r\nHost: stripe.com\r\n\r\n");
    heads.put("origin form of a listed host", "GET / HTTP/1.1\r\nHost: intranet.example\r\n\r\n");
    heads.put("asterisk", "OPTIONS * HTTP/1.1\r\nHost: stripe.com\r\n\r\n");
    heads.put("TRACE", "TRACE http://intranet.example/ HTTP/1.1\r\n\r\n");
    heads.put("method of one's own", "EVIL http://intranet.example/ HTTP/1.1\r\n\r\n");
    heads.put("listed host, other port", "GET http://intranet.example:8080/ HTTP/1.1\r\n\r\n");
    heads.put(
        "CONNECT to a listed http host's port 22", "CONNECT intranet.example:22 HTTP/1.1\r\n\r\n");
  }

  /** To a target that takes plain HTTP: a second request hidden in the first. */
  private static void bodies(Map<String, String> heads) {
    String second = "GET / HTTP/1.1\r\nHost: evil.net\r\n\r\n";
    heads.put(
        "length and chunks",
        POST + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second);
    heads.put("chunks", POST + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second);
    heads.put("chunks, odd spelling", POST + "Transfer-Encoding: xchunked\r\n\r\n" + second);
    heads.put("chunks, tab", POST + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + second);
    heads.put(
        "identity", POST + "Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n" + second);
    heads.put("two lengths", POST + "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + second);
    heads.put("two equal lengths", POST + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi");
    heads.put("list of lengths", POST + "Content-Length: 0, 40\r\n\r\n" + second);
    heads.put("signed length", POST + "Content-Length: +2\r\n\r\nhi");
    heads.put("negative length", POST + "Content-Length: -1\r\n\r\nhi");
    heads.put("hexadecimal length", POST + "Content-Length: 0x2\r\n\r\nhi");
    heads.put("length with a leading zero", POST + "Content-Length: 02\r\n\r\nhi");
    heads.put("length of 30 digits", POST + "Content-Length: " + "9".repeat(30) + "\r\n\r\nhi");
    heads.put("empty length", POST + "Content-Length:\r\n\r\n" + second);
    heads.put("pipelined", "GET http://intranet.example/ HTTP/1.1\r\n\r\n" + second);
    heads.put("more than the length", POST + "Content-Length: 2\r\n\r\nhi" + second);
    heads.put(
        "upgrade to h2c",
        POST
            + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n");
    heads.put(
        "upgrade to websocket",
        "GET http://intranet.example/ HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    heads.put(
        "two hosts, plain",
        "GET http://intranet.example/ HTTP/1.1\r\nHost: intranet.example\r\nHost: evil.net\r\n\r\n");
  }

  private static void other(Map<String, String> heads) {
    heads.put("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    heads.put("SOCKS4", "\u0004\u0001\u0001\u00bb\u0001\u0001\u0001\u0001\0");
    heads.put("SOCKS4a", "\u0004\u0001\u0001\u00bb\0\0\0\u0001\0stripe.com\0");
    heads.put("SOCKS5", "\u0005\u0001\0");
    heads.put(
        "SOCKS5 with a NUL in the name",
        "\u0005\u0001\0\u0003\u0015evil.net\0.stripe.com\u0001\u00bb");
    heads.put(
        "TLS to the proxy itself",
        new String(Hellos.named("stripe.com"), StandardCharsets.ISO_8859_1));
    heads.put("SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n");
    heads.put(
        "DNS over TCP",
        "\0\u001d\u0012\u0034\u0001\0\0\u0001\0\0\0\0\0\0\u0006stripe\u0003com\0\0\u0001\0\u0001");
    heads.put("FTP", "USER anonymous\r\n\r\n");
    heads.put("SMTP", "EHLO stripe.com\r\n\r\n");
    heads.put("PROXY protocol", "PROXY TCP4 1.1.1.1 2.2.2.2 1 443\r\n" + TO + "\r\n");
    heads.put("WebDAV", "PROPFIND http://stripe.com/ HTTP/1.1\r\n\r\n");
  }
}
