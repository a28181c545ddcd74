package dev.helm.activities.egress;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Connections that Helm itself makes for a run, outside of every container: the egress proxy's
 * checks of host, port and address, and TLS to the very host that was asked for.
 */
public final class Outgoing {
  private static final int TLS_PORT = 443;
  private static final int DIALS_MAX = 4;

  private final Destinations destinations;
  private final World world;
  private final SSLContext tls;

  /**
   * With the operator's targets.
   *
   * @param trust PEM files of certificates that are trusted beside the usual ones
   * @throws IOException when one of them cannot be read
   */
  public Outgoing(HostResolver resolver, List<OperatorTarget> targets, List<Path> trust)
      throws IOException {
    this(resolver, targets, trust, World.machine());
  }

  Outgoing(HostResolver resolver, List<OperatorTarget> targets, List<Path> trust, World world)
      throws IOException {
    this.destinations = new Destinations(resolver, targets, world);
    this.world = world;
    this.tls = context(trust);
  }

  /** A connection that may not be made; the message is fit for people and the model. */
  public static final class Refused extends Exception {
    private static final long serialVersionUID = 1;

    Refused(String reason) {
      super(reason);
    }

    /** Why. */
    public String reason() {
      return String.valueOf(getMessage());
    }
  }

  /** Where a connection may go: host and addresses are checked, nothing is dialled yet. */
  public static final class Route {
    private final HostName host;
    private final int port;
    private final int dialPort;
    private final boolean secure;
    private final List<InetAddress> addresses;

    private Route(
        HostName host, int port, int dialPort, boolean secure, List<InetAddress> addresses) {
      this.host = host;
      this.port = port;
      this.dialPort = dialPort;
      this.secure = secure;
      this.addresses = addresses;
    }

    /** Canonical. */
    public String host() {
      return host.toString();
    }

    /** What was asked for. */
    public int port() {
      return port;
    }
  }

  /**
   * Checks where a host leads.
   *
   * @param secure with TLS; without it only the operator's plain targets are reached
   * @throws Refused says why not
   */
  public Route route(String rawHost, int port, boolean secure) throws Refused {
    try {
      HostName host = HostName.parse(rawHost);
      OperatorTarget target = destinations.target(host, port);
      if (target == null && (!secure || port != TLS_PORT)) {
        throw new Refused(
            (secure ? "port " + port + " is not let out; only 443 is" : "plain http is not let out")
                + ", but for targets in the operator's config.yml");
      }
      if (target != null && secure == (target.protocol() == OperatorTarget.Protocol.HTTP)) {
        throw new Refused(
            "the operator lists " + host + ":" + port + " for " + target.protocol() + " only");
      }
      return target == null
          ? new Route(host, port, port, true, destinations.publicAddresses(host))
          : new Route(host, port, target.dialPort(), secure, List.of(target.address()));
    } catch (EgressDenied e) {
      throw new Refused(e.reason());
    } catch (IllegalArgumentException e) {
      throw new Refused(String.valueOf(e.getMessage()));
    }
  }

  /**
   * Dials the checked addresses and no others, and shakes hands.
   *
   * @param opened is given each socket before anything may block on it, so that it can be closed
   * @throws IOException when nobody answers, or it is not who was asked for; nothing was sent
   */
  public Socket connect(Route route, int readTimeoutMs, java.util.function.Consumer<Socket> opened)
      throws IOException {
    IOException last = null;
    for (InetAddress address :
        route.addresses.subList(0, Math.min(DIALS_MAX, route.addresses.size()))) {
      SocketChannel channel = SocketChannel.open();
      Socket socket = channel.socket();
      opened.accept(socket);
      try {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        world.connect(channel, new InetSocketAddress(address, route.dialPort));
        socket.setSoTimeout(readTimeoutMs);
        return route.secure ? secured(socket, route) : socket;
      } catch (IOException e) {
        last = e;
        socket.close();
      }
    }
    throw new IOException(
        route.host + " cannot be reached: " + (last == null ? "no address" : last.getMessage()),
        last);
  }

  private SSLSocket secured(Socket socket, Route route) throws IOException {
    SSLSocket secure =
        (SSLSocket)
            tls.getSocketFactory().createSocket(socket, route.host.toString(), route.port, true);
    SSLParameters parameters = secure.getSSLParameters();
    // Attack: another server answers at the address. Safeguard: its certificate names the host.
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setApplicationProtocols(new String[] {"http/1.1"});
    secure.setSSLParameters(parameters);
    secure.startHandshake();
    return secure;
  }

  private static SSLContext context(List<Path> trust) throws IOException {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int i = 0;
      for (X509Certificate certificate : usual()) {
        store.setCertificateEntry("usual-" + i++, certificate);
      }
      for (Path file : trust) {
        try (InputStream in = Files.newInputStream(file)) {
          for (Certificate certificate :
              CertificateFactory.getInstance("X.509").generateCertificates(in)) {
            store.setCertificateEntry("own-" + i++, certificate);
          }
        }
      }
      TrustManagerFactory managers =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      managers.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("the certificates to trust cannot be read: " + e.getMessage(), e);
    }
  }

  private static List<X509Certificate> usual() throws GeneralSecurityException {
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init((KeyStore) null);
    for (TrustManager manager : managers.getTrustManagers()) {
      if (manager instanceof X509TrustManager trust) {
        return List.of(trust.getAcceptedIssuers());
      }
    }
    return List.of();
  }
}
