package dev.helm.activities.egress;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Which hosts a slot may reach now, by running call. Nothing is granted by default. */
public final class EgressGrants {
  private static final int MAX_HOSTS = 256;

  /** A grant's end of a connection. */
  interface Ward {
    void close();
  }

  /** A grant that is in force until it is revoked. */
  static final class Grant {
    private final String callId;
    private final List<HostPattern> hosts;
    private final List<Ward> wards = new ArrayList<>();
    private final AtomicLong upBytes = new AtomicLong();
    private final AtomicLong downBytes = new AtomicLong();
    private boolean revoked;

    Grant(String callId, List<HostPattern> hosts) {
      this.callId = callId;
      this.hosts = hosts;
    }

    String callId() {
      return callId;
    }

    /** What all connections of the call have sent. */
    AtomicLong upBytes() {
      return upBytes;
    }

    /** What all connections of the call have received. */
    AtomicLong downBytes() {
      return downBytes;
    }

    private boolean allows(HostName host) {
      return hosts.stream().anyMatch(pattern -> pattern.matches(host));
    }

    /** Ties a connection to the grant; false if that has ended meanwhile. */
    synchronized boolean tie(Ward ward) {
      return !revoked && wards.add(ward);
    }

    synchronized void untie(Ward ward) {
      wards.remove(ward);
    }

    private void revoke() {
      List<Ward> open;
      synchronized (this) {
        revoked = true;
        open = List.copyOf(wards);
        wards.clear();
      }
      open.forEach(Ward::close);
    }
  }

  private final Map<String, Map<String, Grant>> bySlot = new HashMap<>();

  /**
   * Lets a slot reach hosts while a call runs; an earlier grant of the same call ends.
   *
   * @param hosts {@code example.com} or {@code *.example.com}, at most 256
   * @return revokes this grant and closes its connections when closed
   * @throws IllegalArgumentException a host is not one
   */
  public AutoCloseable grant(String slot, String callId, List<String> hosts) {
    if (hosts.size() > MAX_HOSTS) {
      throw new IllegalArgumentException("a call can be granted at most " + MAX_HOSTS + " hosts");
    }
    Grant grant = new Grant(callId, hosts.stream().map(HostPattern::parse).toList());
    Grant earlier;
    synchronized (this) {
      earlier = bySlot.computeIfAbsent(slot, id -> new HashMap<>()).put(callId, grant);
    }
    if (earlier != null) {
      earlier.revoke();
    }
    return () -> end(slot, grant);
  }

  /** A grant that lets this slot reach this host now, or null. */
  @Nullable Grant find(String slot, HostName host) {
    synchronized (this) {
      for (Grant grant : bySlot.getOrDefault(slot, Map.of()).values()) {
        if (grant.allows(host)) {
          return grant;
        }
      }
      return null;
    }
  }

  /** Whether any call of the slot is granted anything now. */
  boolean any(String slot) {
    synchronized (this) {
      return bySlot.containsKey(slot);
    }
  }

  private void end(String slot, Grant grant) {
    synchronized (this) {
      Map<String, Grant> calls = bySlot.get(slot);
      if (calls != null && calls.remove(grant.callId(), grant) && calls.isEmpty()) {
        bySlot.remove(slot);
      }
    }
    grant.revoke();
  }
}
