package dev.helm.service.whole;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Sees effects from outside of Helm and forgets none: a site with TLS that notes each POST, and a
 * mail server that notes each mail and takes its time to confirm it.
 */
final class Witness implements AutoCloseable {
  static final String HOST = "witness.rehearsal.test";
  private static final String PASSWORD = "rehearsal";
  private static final long CONFIRM_NS = TimeUnit.MILLISECONDS.toNanos(900);

  /** An effect that was seen. */
  record Seen(String token, Instant at) {}

  private final List<Seen> seen = new CopyOnWriteArrayList<>();
  private final HttpsServer site;
  private final ServerSocket mail;
  private final String certificate;

  Witness() throws IOException, GeneralSecurityException, InterruptedException {
    KeyStore keys = keys();
    Certificate own = keys.getCertificate("site");
    this.certificate =
        "-----BEGIN CERTIFICATE-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(own.getEncoded())
            + "\n-----END CERTIFICATE-----\n";
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD.toCharArray());
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(managers.getKeyManagers(), null, null);
    this.site = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    site.setHttpsConfigurator(new HttpsConfigurator(tls));
    site.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    site.createContext(
        "/",
        exchange -> {
          seen.add(new Seen(exchange.getRequestURI().getPath().substring(1), Instant.now()));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    site.start();
    this.mail = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::acceptMail);
  }

  List<Seen> seen() {
    return List.copyOf(seen);
  }

  String smtpUrl() {
    return "smtp://127.0.0.1:" + mail.getLocalPort();
  }

  String certificate() {
    return certificate;
  }

  /** The operator's part: where the site is, and that it is trusted. */
  String operatorConfig(String certificateFile) {
    return """
        egress:
          targets:
            - {host: %s, port: 443, protocol: tls, address: "127.0.0.1:%d"}
          trust: [%s]
        """
        .formatted(HOST, site.getAddress().getPort(), certificateFile);
  }

  private void acceptMail() {
    while (!mail.isClosed()) {
      try {
        Socket client = mail.accept();
        Thread.ofVirtual().start(() -> takeMail(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void takeMail(Socket client) {
    try (client;
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(client.getInputStream(), StandardCharsets.UTF_8));
        OutputStream out = client.getOutputStream()) {
      say(out, "220 witness");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String verb = line.split("[ :]", 2)[0].toUpperCase(java.util.Locale.ROOT);
        if (verb.equals("DATA")) {
          say(out, "354 go on");
          if (!noteMail(in)) {
            return;
          }
          // Between the effect and its confirmation: the moment that is worth a kill.
          LockSupport.parkNanos(CONFIRM_NS);
        }
        say(out, verb.equals("QUIT") ? "221 bye" : "250 ok");
      }
    } catch (IOException e) {
      // The client was killed.
    }
  }

  private boolean noteMail(BufferedReader in) throws IOException {
    String subject = "";
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.startsWith("Subject: ")) {
        subject = line.substring("Subject: ".length());
      }
      if (line.equals(".")) {
        seen.add(new Seen(subject, Instant.now()));
        return true;
      }
    }
    return false;
  }

  private static void say(OutputStream out, String line) throws IOException {
    out.write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static KeyStore keys()
      throws IOException, GeneralSecurityException, InterruptedException {
    Path folder = Files.createTempDirectory("witness");
    Path file = folder.resolve("keys.p12");
    List<String> line =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-genkeypair",
            "-alias",
            "site",
            "-keyalg",
            "EC",
            "-groupname",
            "secp256r1",
            "-dname",
            "CN=" + HOST,
            "-ext",
            "san=dns:" + HOST,
            "-ext",
            "bc:c",
            "-validity",
            "2",
            "-keystore",
            file.toString(),
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD);
    @Nullable Process keytool = new ProcessBuilder(line).inheritIO().start();
    if (keytool.waitFor() != 0) {
      throw new IOException("keytool failed");
    }
    KeyStore keys = KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
    Files.delete(file);
    Files.delete(folder);
    return keys;
  }

  @Override
  public void close() throws IOException {
    site.stop(0);
    mail.close();
  }
}
