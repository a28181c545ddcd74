package dev.helm.activities.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** The certificates that a container's clients trust: the system's and the operator's. */
final class TrustBundle {
  private static final List<Path> SYSTEM_BUNDLES =
      List.of(
          Path.of("/etc/ssl/certs/ca-certificates.crt"),
          Path.of("/etc/pki/tls/certs/ca-bundle.crt"),
          Path.of("/etc/ssl/ca-bundle.pem"),
          Path.of("/etc/ssl/cert.pem"));
  private static final String BEGIN = "-----BEGIN CERTIFICATE-----";
  private static final String END = "-----END CERTIFICATE-----";

  private TrustBundle() {}

  /** The bundle as PEM; fails if one of the operator's files cannot be read or holds none. */
  static byte[] assemble(List<Path> extra) throws IOException {
    ByteArrayOutputStream bundle = new ByteArrayOutputStream();
    bundle.writeBytes(system());
    for (Path file : extra) {
      String text = Files.readString(file, StandardCharsets.US_ASCII);
      if (!text.contains(BEGIN) || text.contains("PRIVATE KEY")) {
        throw new IOException("not a PEM file of certificates only: " + file);
      }
      bundle.write('\n');
      bundle.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
    return bundle.toByteArray();
  }

  private static byte[] system() throws IOException {
    for (Path file : SYSTEM_BUNDLES) {
      if (Files.isReadable(file)) {
        return Files.readAllBytes(file);
      }
    }
    return fromJdk();
  }

  private static byte[] fromJdk() throws IOException {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init((KeyStore) null);
      StringBuilder pem = new StringBuilder();
      Base64.Encoder lines = Base64.getMimeEncoder(64, new byte[] {'\n'});
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509TrustManager trust) {
          for (X509Certificate certificate : trust.getAcceptedIssuers()) {
            pem.append(BEGIN).append('\n');
            pem.append(lines.encodeToString(certificate.getEncoded())).append('\n');
            pem.append(END).append('\n');
          }
        }
      }
      return pem.toString().getBytes(StandardCharsets.US_ASCII);
    } catch (GeneralSecurityException e) {
      throw new IOException("no certificate bundle on this machine and none in the JDK", e);
    }
  }
}
