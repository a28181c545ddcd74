package dev.helm.service.auth;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Where a request comes from, as limits count it.
 *
 * @param key the address; for IPv6 its network of 64 bits, of which anybody has all addresses; one
 *     for all loopback addresses, of which a program on this machine has 16 million
 * @param sameMachine whether a program on this machine called without a proxy between
 * @param tls whether a trusted proxy says that the client spoke TLS
 */
public record ClientAddress(String key, boolean sameMachine, boolean tls) {
  /** Of an address; {@code forwarded}: a proxy says that it is not its own request. */
  public static ClientAddress of(InetAddress address, boolean forwarded, boolean tls) {
    boolean here = address.isLoopbackAddress() && !forwarded;
    // Attack: a local program tries each password from another address of 127.0.0.0/8.
    if (address.isLoopbackAddress()) {
      return new ClientAddress("loopback", here, tls);
    }
    if (address instanceof Inet6Address six) {
      String network = HexFormat.of().formatHex(Arrays.copyOf(six.getAddress(), 8));
      return new ClientAddress("v6-" + network, here, tls);
    }
    return new ClientAddress(address.getHostAddress(), here, tls);
  }
}
