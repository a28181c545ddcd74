package dev.helm.activities.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.stream.Collectors;

/** The network as the proxy uses it: tests put another one in its place. */
interface World {
  /** Connects a blocking channel. */
  void connect(SocketChannel channel, InetSocketAddress to) throws IOException;

  /** Whether an address is one of this machine's own. */
  boolean owns(InetAddress address) throws IOException;

  /** This machine's. */
  static World machine() {
    return new Machine();
  }

  /** Interfaces are looked at again after a second: addresses come and go. */
  final class Machine implements World {
    private static final long FRESH_NANOS = 1_000_000_000L;

    private record Seen(Set<InetAddress> addresses, long atNanos) {}

    private volatile Seen seen = new Seen(Set.of(), System.nanoTime() - 2 * FRESH_NANOS);

    private Machine() {}

    @Override
    public void connect(SocketChannel channel, InetSocketAddress to) throws IOException {
      channel.connect(to);
    }

    @Override
    public boolean owns(InetAddress address) throws IOException {
      Seen known = seen;
      if (System.nanoTime() - known.atNanos() > FRESH_NANOS) {
        known = look();
        seen = known;
      }
      return known.addresses().contains(address);
    }

    private static Seen look() throws SocketException {
      return new Seen(
          NetworkInterface.networkInterfaces()
              .flatMap(NetworkInterface::inetAddresses)
              .map(Machine::withoutScope)
              .collect(Collectors.toUnmodifiableSet()),
          System.nanoTime());
    }

    /** A scope (%eth0) would make equal addresses differ. */
    private static InetAddress withoutScope(InetAddress address) {
      try {
        return InetAddress.getByAddress(address.getAddress());
      } catch (java.net.UnknownHostException e) {
        throw new AssertionError("an address has 4 or 16 bytes", e);
      }
    }
  }
}
