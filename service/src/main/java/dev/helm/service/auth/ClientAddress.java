package dev.helm.service.auth;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Where a request comes from, as limits count it.
 *
 * @param key the address; for IPv6 its network of 64 bits, of which anybody has all addresses
 * @param sameMachine whether a program on this machine called without a proxy between
 * @param tls whether a trusted proxy says that the client spoke TLS
 */
public record ClientAddress(String key, boolean sameMachine, boolean tls) {
  /** Of an address; {@code forwarded}: a proxy says that it is not its own request. */
  public static ClientAddress of(InetAddress address, boolean forwarded, boolean tls) {
    boolean here = address.isLoopbackAddress() && !forwarded;
    if (address instanceof Inet6Address six && !six.isLoopbackAddress()) {
      String network = HexFormat.of().formatHex(Arrays.copyOf(six.getAddress(), 8));
      return new ClientAddress("v6-" + network, here, tls);
    }
    return new ClientAddress(address.getHostAddress(), here, tls);
  }
}
