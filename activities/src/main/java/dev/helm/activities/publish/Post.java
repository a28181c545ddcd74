package dev.helm.activities.publish;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.http.HttpAnswer;
import dev.helm.activities.http.HttpCall;
import dev.helm.workflows.HelmJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

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
      UnaryOperator<byte[]> hmac,
      long nowSeconds) {
    String boundary = "helm-" + bundle.key();
    byte[] body = body(bundle, contents, boundary);
    String at = String.valueOf(nowSeconds);
    ByteArrayOutputStream signed = new ByteArrayOutputStream(body.length + 12);
    signed.writeBytes((at + ".").getBytes(StandardCharsets.US_ASCII));
    signed.writeBytes(body);
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Content-Type", "multipart/form-data; boundary=" + boundary);
    headers.put("Idempotency-Key", bundle.key());
    headers.put("Helm-Timestamp", at);
    headers.put(
        "Helm-Signature",
        "v1=" + java.util.HexFormat.of().formatHex(hmac.apply(signed.toByteArray())));
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

  private static byte[] body(Bundle bundle, Contents contents, String boundary) {
    ByteArrayOutputStream body = new ByteArrayOutputStream((int) bundle.bytes() + 8_192);
    part(body, boundary, "name=\"manifest\"", "application/json", manifest(bundle));
    for (Bundle.Item file : bundle.files()) {
      part(
          body,
          boundary,
          "name=\"file\"; filename=\"" + quoted(file.path()) + "\"",
          "application/octet-stream",
          contents.of(file));
    }
    body.writeBytes(("--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII));
    return body.toByteArray();
  }

  private static void part(
      ByteArrayOutputStream body, String boundary, String names, String type, byte[] content) {
    body.writeBytes(
        ("--"
                + boundary
                + "\r\nContent-Disposition: form-data; "
                + names
                + "\r\nContent-Type: "
                + type
                + "\r\n\r\n")
            .getBytes(StandardCharsets.UTF_8));
    body.writeBytes(content);
    body.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
  }

  /** As browsers do; a workspace path has no control characters, but nothing relies on it. */
  private static String quoted(String name) {
    return name.replace("\r", "%0D").replace("\n", "%0A").replace("\"", "%22");
  }

  private static byte[] manifest(Bundle bundle) {
    ObjectNode manifest = HelmJson.mapper().createObjectNode();
    manifest.put("key", bundle.key()).put("run", bundle.run());
    manifest.put("blueprint", bundle.blueprint()).put("message", bundle.message());
    ArrayNode files = manifest.putArray("files");
    for (Bundle.Item file : bundle.files()) {
      files
          .addObject()
          .put("path", file.path())
          .put("bytes", file.bytes())
          .put("sha256", file.sha256());
    }
    return manifest.toString().getBytes(StandardCharsets.UTF_8);
  }
}
