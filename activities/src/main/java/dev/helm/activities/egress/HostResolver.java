package dev.helm.activities.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/** Turns a host into addresses, once for each connection. */
@FunctionalInterface
public interface HostResolver {
  /** All addresses of a host; never empty. */
  List<InetAddress> resolve(HostName host) throws IOException;

  /** The resolver for one slot, with that slot's own bounds. */
  default HostResolver forSlot() {
    return this;
  }

  /** The machine's own resolver. */
  static HostResolver system() {
    return new SystemResolver();
  }
}
