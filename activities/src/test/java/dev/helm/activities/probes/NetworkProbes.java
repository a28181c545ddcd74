package dev.helm.activities.probes;

import static dev.helm.activities.probes.Attack.of;
import static dev.helm.activities.probes.Lacking.NETWORK_NAMESPACE;
import static dev.helm.activities.probes.Lacking.NO_INTERFACE;
import static dev.helm.activities.probes.Lacking.RANK;
import static dev.helm.activities.probes.Lacking.SECCOMP;

import java.util.List;

/** Ways out by network. */
final class NetworkProbes {
  private static final String OWN = "no interface but lo";
  private static final String UNREACHABLE = "ENETUNREACH|EADDRNOTAVAIL|ECONNREFUSED|EHOSTUNREACH";

  private NetworkProbes() {}

  static List<Probe> all() {
    return List.of(
            of("net.interfaces", "looks for an interface", OWN, NETWORK_NAMESPACE)
                .stoppedBy("only lo"),
            of(
                    "net.host-ports",
                    "connects to a port of the host, by each of its addresses",
                    OWN,
                    NETWORK_NAMESPACE)
                .seenBy("the host's listener", Witness.CANARY_CONNECTIONS)
                .readsSecret()
                .stoppedBy(UNREACHABLE),
            of("net.host-udp", "sends to a UDP port of the host", OWN, NETWORK_NAMESPACE)
                .seenBy("the host's listener", Witness.CANARY_PACKETS)
                .readsSecret()
                .stoppedBy(UNREACHABLE),
            of(
                    "net.abstract-socket",
                    "connects to an abstract socket of the host",
                    "network namespace",
                    NETWORK_NAMESPACE)
                .readsSecret()
                .stoppedBy("ECONNREFUSED"),
            of("net.metadata", "asks the cloud's metadata address", OWN, NO_INTERFACE)
                .seenBy("the metadata service", Witness.HOLDER)
                .readsSecret()
                .stoppedBy(UNREACHABLE),
            of("net.dns", "carries data out in a DNS question", OWN, NO_INTERFACE)
                .seenBy("the DNS server", Witness.HOLDER)
                .stoppedBy(UNREACHABLE + "|nothing to try|timed out"),
            of("net.icmp", "sends a ping", OWN + "; seccomp", Lacking.INTERFACE_AND_SECCOMP)
                .stoppedBy(UNREACHABLE + "|EPERM"),
            of(
                    "net.neighbour-loopback",
                    "connects to the neighbour's loopback",
                    "network namespace",
                    Lacking.OWN_NETWORK)
                .readsSecret()
                .stoppedBy("ECONNREFUSED"),
            of("net.raw", "opens a raw socket", "no capabilities", RANK),
            of("net.packet", "opens a packet socket", "no capabilities", RANK),
            of("net.make-interface", "gives lo an address of the outside", "no capabilities", RANK)
                .seenBy("the container's addresses, read by the host", Witness.ADDRESSES),
            of(
                    "net.kernel-messages",
                    "speaks to netlink's audit and netfilter",
                    "no capabilities; seccomp",
                    RANK)
                .stoppedBy("EPERM|ECONNREFUSED|EPROTONOSUPPORT|EAFNOSUPPORT"),
            of("net.vsock", "opens a vsock to the machine's hypervisor", "seccomp", SECCOMP)
                .stoppedBy("EPERM|EAFNOSUPPORT|EINVAL"),
            of(
                    "net.odd-families",
                    "opens socket families that no tool needs",
                    "no capabilities; seccomp",
                    RANK)
                .stoppedBy("EPERM|EINVAL|ESOCKTNOSUPPORT|ABSENT"))
        .stream()
        .map(Attack::probe)
        .toList();
  }
}
