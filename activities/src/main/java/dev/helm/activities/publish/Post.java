package dev.helm.activities.publish;

import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.http.HttpAnswer;
import dev.helm.activities.http.HttpCall;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Mac;

/**
 * Sends a bundle as one POST of {@code multipart/form-data}: {@code manifest} (JSON), then each
 * {@code file}. It carries {@code Idempotency-Key}, {@code Helm-Timestamp} (seconds) and {@code
 * Helm-Signature: v1=HEX}, the HMAC-SHA-256 of {@code TIMESTAMP.BODY}.
 */
final class Post {
  private static final long TIMEOUT_MS = 60_000;
  private static final int ANSWER_BYTES_MAX = 4_096;

  private final Outgoing outgoing;
  private final HttpCall call;

  Post(Outgoing outgoing) {
    this.outgoing = outgoing;
    this.call = new HttpCall(outgoing);
  }

  /** Where it goes, if that is allowed. */
  Outgoing.Route route(Destination.Webhook to) throws Outgoing.Refused {
    boolean secure = "https".equals(to.uri().getScheme());
    int port = to.uri().getPort() >= 0 ? to.uri().getPort() : secure ? 443 : 80;
    return outgoing.route(to.uri().getHost(), port, secure);
  }

  void stop() {
    call.stop();
  }

  Handed hand(
      Destination.Webhook to,
      Outgoing.Route route,
      Bundle bundle,
      Contents contents,
      Mac mac,
      long nowSeconds) {
    Multipart body = new Multipart(bundle, contents);
    String at = String.valueOf(nowSeconds);
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Content-Type", "multipart/form-data; boundary=" + body.boundary());
    headers.put("Idempotency-Key", bundle.key());
    headers.put("Helm-Timestamp", at);
    headers.put("Helm-Signature", "v1=" + HexFormat.of().formatHex(signature(mac, at, body)));
    HttpAnswer answer;
    try {
      answer =
          call.make(
              route,
              new HttpCall.Request("POST", target(to.uri()), headers, body),
              TIMEOUT_MS,
              ANSWER_BYTES_MAX);
    } catch (IOException e) {
      String why = call.late() ? "no answer within " + TIMEOUT_MS / 1000 + " s" : e.getMessage();
      return call.sent()
          ? new Handed.Unknown("the files were sent to " + to.shown() + ", no answer seen: " + why)
          : new Handed.Failed(to.shown() + " cannot be reached: " + why);
    }
    int status = answer.status();
    if (status / 100 == 2) {
      return new Handed.Done(to.shown() + " (HTTP " + status + ")");
    }
    // A server that fails may have kept them before it did.
    return status >= 500
        ? new Handed.Unknown(to.shown() + " took the files and then failed, HTTP " + status)
        : new Handed.Failed(to.shown() + " refused the files, HTTP " + status);
  }

  private static String target(URI uri) {
    String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
    return uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery();
  }

  /** Of the time and the body, which is never whole in memory. */
  private static byte[] signature(Mac mac, String at, Multipart body) {
    try (OutputStream signing =
        new OutputStream() {
          @Override
          public void write(int octet) {
            mac.update((byte) octet);
          }

          @Override
          public void write(byte[] bytes, int from, int length) {
            mac.update(bytes, from, length);
          }
        }) {
      signing.write((at + ".").getBytes(StandardCharsets.US_ASCII));
      body.to(signing);
      return mac.doFinal();
    } catch (IOException e) {
      throw new UncheckedIOException("nothing is written", e);
    }
  }
}
