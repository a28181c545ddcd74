package dev.helm.activities.egress;

import java.net.InetAddress;

/**
 * A target that only the operator can name (in {@code config.yml}): a private one, another port, or
 * one without TLS. A call still needs a grant for its host.
 *
 * @param port the port that clients ask for, 1 to 65535
 * @param address where the host is, whatever DNS says; private ones are allowed
 * @param dialPort the port at that address
 * @param mirror whether it stands in for a site of the public web, so that it is no private target
 */
public record OperatorTarget(
    HostName host, int port, Protocol protocol, InetAddress address, int dialPort, boolean mirror) {
  /** What is spoken with the target. */
  public enum Protocol {
    /** TLS, with the handshake's name checked. */
    TLS,
    /** Plain HTTP. */
    HTTP,
    /** Anything. */
    TCP
  }

  /** Checks the port. */
  public OperatorTarget {
    if (port < 1 || port > 65_535 || dialPort < 1 || dialPort > 65_535) {
      throw new IllegalArgumentException("port must be 1 to 65535");
    }
    if (mirror && protocol != Protocol.TLS) {
      throw new IllegalArgumentException("a mirror of a public site speaks TLS");
    }
  }

  /** A private target. */
  public OperatorTarget(
      HostName host, int port, Protocol protocol, InetAddress address, int dialPort) {
    this(host, port, protocol, address, dialPort, false);
  }

  /** A target that is dialled at the port that clients ask for. */
  public OperatorTarget(HostName host, int port, Protocol protocol, InetAddress address) {
    this(host, port, protocol, address, port);
  }
}
