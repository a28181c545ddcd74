package dev.helm.activities.egress;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which addresses are the public internet. */
final class AddressRules {
  private record Range(byte[] prefix, int bits, String what) {
    boolean holds(byte[] address) {
      int whole = bits / 8;
      int rest = bits % 8;
      if (!Arrays.equals(address, 0, whole, prefix, 0, whole)) {
        return false;
      }
      int mask = rest == 0 ? 0 : 0xff << (8 - rest);
      return rest == 0 || (address[whole] & mask) == (prefix[whole] & mask);
    }
  }

  private static final List<Range> V4 =
      List.of(
          range("0.0.0.0", 8, "unspecified"),
          range("10.0.0.0", 8, "private"),
          range("100.64.0.0", 10, "shared (carrier NAT)"),
          range("127.0.0.0", 8, "loopback"),
          range("168.63.129.16", 32, "cloud metadata"),
          range("169.254.0.0", 16, "link-local or metadata"),
          range("172.16.0.0", 12, "private"),
          range("192.0.0.0", 24, "reserved"),
          range("192.0.2.0", 24, "documentation"),
          range("192.31.196.0", 24, "reserved"),
          range("192.52.193.0", 24, "reserved"),
          range("192.88.99.0", 24, "6to4 relay"),
          range("192.168.0.0", 16, "private"),
          range("192.175.48.0", 24, "reserved"),
          range("198.18.0.0", 15, "benchmark"),
          range("198.51.100.0", 24, "documentation"),
          range("203.0.113.0", 24, "documentation"),
          range("224.0.0.0", 4, "multicast"),
          range("240.0.0.0", 4, "reserved"));

  private static final Range GLOBAL_V6 = range("2000::", 3, "global unicast");

  /** Parts of global unicast that carry or stand for other addresses. */
  private static final List<Range> V6 =
      List.of(
          range("2001::", 23, "protocol assignments and tunnels"),
          range("2001:db8::", 32, "documentation"),
          range("2002::", 16, "6to4 tunnel"),
          range("2620:4f:8000::", 48, "reserved"),
          range("3fff::", 20, "documentation"));

  private AddressRules() {}

  /** Why an address is not the public internet, or null if it is. */
  static @Nullable String refusal(InetAddress address) {
    byte[] bytes = address.getAddress();
    return switch (address) {
      case Inet4Address _ -> first(V4, bytes);
      case Inet6Address _ -> GLOBAL_V6.holds(bytes) ? first(V6, bytes) : "not global unicast";
      default -> "of an unknown family";
    };
  }

  private static @Nullable String first(List<Range> ranges, byte[] bytes) {
    for (Range range : ranges) {
      if (range.holds(bytes)) {
        return range.what();
      }
    }
    return null;
  }

  private static Range range(String prefix, int bits, String what) {
    try {
      return new Range(InetAddress.getByName(prefix).getAddress(), bits, what);
    } catch (UnknownHostException e) {
      throw new AssertionError("a literal needs no lookup", e);
    }
  }
}
