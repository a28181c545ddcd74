package dev.helm.activities.practice;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** Fetches from the demo site as a strict client: its CA only, host name checked. */
final class TlsFetch {
  private final int port;
  private final SSLContext context;

  TlsFetch(int port, Path ca) throws Exception {
    this.port = port;
    KeyStore trust = KeyStore.getInstance("PKCS12");
    trust.load(null, null);
    trust.setCertificateEntry(
        "ca",
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(ca))));
    TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
    managers.init(trust);
    context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
  }

  byte[] get(String url) throws IOException {
    URI uri = URI.create(url);
    String answer = raw(uri.getHost(), uri.getHost(), uri.getPath(), "TLSv1.3");
    if (!answer.startsWith("HTTP/1.1 200 ")) {
      throw new IOException(answer.lines().findFirst().orElse("no answer"));
    }
    int body = answer.indexOf("\r\n\r\n") + 4;
    return answer.substring(body).getBytes(StandardCharsets.ISO_8859_1);
  }

  String raw(String sni, String host, String path, String protocol) throws IOException {
    return ask(
        sni,
        "GET " + path + " HTTP/1.1\r\nhost: " + host + "\r\nconnection: close\r\n\r\n",
        protocol);
  }

  /** Posts text to a host. */
  String post(String host, String path, String body) throws IOException {
    String head = "POST %s HTTP/1.1\r\nhost: %s\r\nconnection: close\r\ncontent-length: %d\r\n\r\n";
    return ask(host, head.formatted(path, host, body.length()) + body, "TLSv1.3");
  }

  private String ask(String sni, String request, String protocol) throws IOException {
    try (Socket plain = new Socket("127.0.0.1", port);
        SSLSocket tls =
            (SSLSocket) context.getSocketFactory().createSocket(plain, sni, port, true)) {
      SSLParameters parameters = tls.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      parameters.setProtocols(new String[] {protocol});
      tls.setSSLParameters(parameters);
      tls.startHandshake();
      tls.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      InputStream in = tls.getInputStream();
      return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }
}
