package dev.helm.activities.publish;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.helm.activities.http.HttpCall;
import dev.helm.workflows.HelmJson;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A bundle as {@code multipart/form-data}; of its files one at a time is in memory. */
final class Multipart implements HttpCall.Body {
  private static final byte[] END = ascii("\r\n");

  private final Bundle bundle;
  private final Contents contents;

  Multipart(Bundle bundle, Contents contents) {
    this.bundle = bundle;
    this.contents = contents;
  }

  String boundary() {
    return "helm-" + bundle.key();
  }

  @Override
  public long bytes() {
    byte[] manifest = manifest();
    long bytes = manifestHead().length + manifest.length + END.length + tail().length;
    for (Bundle.Item file : bundle.files()) {
      bytes += head(file).length + file.bytes() + END.length;
    }
    return bytes;
  }

  @Override
  public void to(OutputStream out) throws IOException {
    out.write(manifestHead());
    out.write(manifest());
    out.write(END);
    for (Bundle.Item file : bundle.files()) {
      out.write(head(file));
      out.write(contents.of(file));
      out.write(END);
    }
    out.write(tail());
  }

  private byte[] manifestHead() {
    return head("name=\"manifest\"", "application/json");
  }

  private byte[] head(Bundle.Item file) {
    return head(
        "name=\"file\"; filename=\"" + quoted(file.path()) + "\"", "application/octet-stream");
  }

  private byte[] head(String names, String type) {
    return ("--"
            + boundary()
            + "\r\nContent-Disposition: form-data; "
            + names
            + "\r\nContent-Type: "
            + type
            + "\r\n\r\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  private byte[] tail() {
    return ascii("--" + boundary() + "--\r\n");
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** As browsers do; a workspace path has no control characters, but nothing relies on it. */
  private static String quoted(String name) {
    return name.replace("\r", "%0D").replace("\n", "%0A").replace("\"", "%22");
  }

  private byte[] manifest() {
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
