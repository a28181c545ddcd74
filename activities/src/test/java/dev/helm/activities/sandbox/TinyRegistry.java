package dev.helm.activities.sandbox;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.helm.api.Sha256;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPOutputStream;

/**
 * A registry of the OCI distribution protocol, over HTTP on loopback, with one image of one layer.
 * Content is found by its digest; the test may change a byte of it afterwards.
 */
final class TinyRegistry implements AutoCloseable {
  private static final String MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
  private final HttpServer server;
  private final Map<String, byte[]> content = new ConcurrentHashMap<>();
  private final String layer;
  private final String config;
  private final String manifest;

  /**
   * @param tar the layer
   */
  TinyRegistry(byte[] tar) throws IOException {
    byte[] zipped = zipped(tar);
    layer = put(zipped);
    byte[] configuration =
        """
        {"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["%s"]},
         "history":[{"created":"2026-01-01T00:00:00Z"}]}
        """
            .formatted(
                System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64", digest(tar))
            .getBytes(StandardCharsets.UTF_8);
    config = put(configuration);
    manifest =
        put(
            """
            {"schemaVersion":2,"mediaType":"%s",
             "config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":%d,"digest":"%s"},
             "layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":%d,"digest":"%s"}]}
            """
                .formatted(MANIFEST, configuration.length, config, zipped.length, layer)
                .getBytes(StandardCharsets.UTF_8));
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/v2/", this::answer);
    server.start();
  }

  /** The image by its digest, as it was put in. */
  String reference() {
    return "127.0.0.1:" + server.getAddress().getPort() + "/base:latest@" + manifest;
  }

  String unpinned() {
    return "127.0.0.1:" + server.getAddress().getPort() + "/base:latest";
  }

  /** From now on a byte of the layer is another one. */
  void changeLayer() {
    change(layer);
  }

  /** From now on a byte of the manifest is another one. */
  void changeManifest() {
    change(manifest);
  }

  /** From now on a byte of the configuration is another one. */
  void changeConfiguration() {
    change(config);
  }

  private void change(String digest) {
    byte[] changed = content.getOrDefault(digest, new byte[0]).clone();
    changed[changed.length / 2] ^= 1;
    content.put(digest, changed);
  }

  private String put(byte[] bytes) {
    String digest = digest(bytes);
    content.put(digest, bytes);
    return digest;
  }

  private static String digest(byte[] bytes) {
    return "sha256:" + Sha256.hex(bytes);
  }

  private static byte[] zipped(byte[] bytes) throws IOException {
    ByteArrayOutputStream zipped = new ByteArrayOutputStream();
    try (GZIPOutputStream zip = new GZIPOutputStream(zipped)) {
      zip.write(bytes);
    }
    return zipped.toByteArray();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    exchange.getResponseHeaders().set("Docker-Distribution-Api-Version", "registry/2.0");
    if (path.equals("/v2/")) {
      send(exchange, 200, "{}".getBytes(StandardCharsets.UTF_8));
      return;
    }
    String name = path.substring(path.lastIndexOf('/') + 1);
    String digest = name.equals("latest") ? manifest : name;
    byte[] bytes = content.get(digest);
    if (bytes == null) {
      send(
          exchange,
          404,
          "{\"errors\":[{\"code\":\"BLOB_UNKNOWN\"}]}".getBytes(StandardCharsets.UTF_8));
      return;
    }
    exchange.getResponseHeaders().set("Docker-Content-Digest", digest);
    exchange
        .getResponseHeaders()
        .set("Content-Type", path.contains("/manifests/") ? MANIFEST : "application/octet-stream");
    send(exchange, 200, bytes);
  }

  private static void send(HttpExchange exchange, int status, byte[] bytes) throws IOException {
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (head) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
    }
    exchange.sendResponseHeaders(status, head ? -1 : bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      if (!head) {
        out.write(bytes);
      }
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
