package dev.helm.activities.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a host name may lead: the public internet, or what the operator has listed. */
final class Destinations {
  private final HostResolver resolver;
  private final List<OperatorTarget> targets;
  private final World world;

  Destinations(HostResolver resolver, List<OperatorTarget> targets, World world) {
    this.resolver = resolver;
    this.targets = List.copyOf(targets);
    this.world = world;
  }

  /** What the operator has listed for this host and port, or null. */
  @Nullable OperatorTarget target(HostName host, int port) {
    for (OperatorTarget target : targets) {
      if (target.port() == port && target.host().equals(host)) {
        return target;
      }
    }
    return null;
  }

  /** All addresses of a public host, each looked at. */
  List<InetAddress> publicAddresses(HostName host) throws EgressDenied {
    if (host.isSingleLabel()) {
      throw new EgressDenied(host + " is no public host name");
    }
    List<InetAddress> addresses;
    try {
      addresses = resolver.resolve(host);
    } catch (IOException e) {
      throw new EgressDenied(502, host + " does not resolve");
    }
    // Attack: a name that its owner points at the machine's inside, alone or beside a public
    // address (rebinding). Safeguard: one such answer condemns all.
    for (InetAddress address : addresses) {
      String refusal = refusal(host, address);
      if (refusal != null) {
        throw new EgressDenied(host + " resolves to an address that is " + refusal);
      }
    }
    if (addresses.isEmpty()) {
      throw new EgressDenied(502, host + " does not resolve");
    }
    return addresses;
  }

  private @Nullable String refusal(HostName host, InetAddress address) throws EgressDenied {
    String refusal = AddressRules.refusal(address);
    if (refusal != null) {
      return refusal;
    }
    try {
      // Attack: what listens on this machine's public address is reached from behind. Safeguard:
      // own addresses are looked up and refused like private ones.
      return world.owns(address) ? "this machine's own" : null;
    } catch (IOException e) {
      throw new EgressDenied(503, "whether " + host + " is this machine could not be told");
    }
  }
}
