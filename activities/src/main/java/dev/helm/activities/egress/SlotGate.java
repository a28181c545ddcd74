package dev.helm.activities.egress;

import dev.helm.activities.egress.EgressGrants.Grant;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Decides on one slot's attempts and tells of each. */
final class SlotGate {
  private static final System.Logger LOG = System.getLogger(SlotGate.class.getName());
  private static final int TLS_PORT = 443;
  private static final long MINUTE_NANOS = 60_000_000_000L;
  private static final int MAX_HOST_CHARACTERS = 255;

  private final String slot;
  private final EgressGrants grants;
  private final Destinations destinations;
  private final EgressListener listener;
  private final int toldPerMinute;
  private long windowNanos = System.nanoTime();
  private int told;
  private long suppressed;

  SlotGate(
      String slot,
      EgressGrants grants,
      HostResolver resolver,
      List<OperatorTarget> targets,
      EgressListener listener,
      World world,
      int toldPerMinute) {
    this.slot = slot;
    this.grants = grants;
    this.destinations = new Destinations(resolver.forSlot(), targets, world);
    this.listener = listener;
    this.toldPerMinute = toldPerMinute;
  }

  /**
   * Where an admitted connection may go.
   *
   * @param port what was asked for
   * @param dialPort what is dialled
   * @param checkName whether the TLS hello must name the host
   * @param addresses checked; no other may be dialled
   */
  record Pass(
      Grant grant,
      HostName host,
      int port,
      int dialPort,
      boolean checkName,
      List<InetAddress> addresses) {}

  Pass admit(ProxyRequest request) throws EgressDenied {
    HostName host;
    try {
      host = HostName.parse(request.rawHost());
    } catch (IllegalArgumentException e) {
      throw new EgressDenied(String.valueOf(e.getMessage()));
    }
    // Attack: a container reaches out while none of its calls may. Safeguard: only a running call
    // that was granted this host opens the way, and its end closes it.
    Grant grant = grants.find(slot, host);
    if (grant == null) {
      throw new EgressDenied(
          grants.any(slot)
              ? host + " is not among the hosts granted to the running tool call"
              : "no running tool call is granted web access");
    }
    OperatorTarget target = destinations.target(host, request.port());
    checkProtocol(request, target);
    boolean tls = target == null || target.protocol() == OperatorTarget.Protocol.TLS;
    List<InetAddress> addresses =
        target == null ? destinations.publicAddresses(host) : List.of(target.address());
    int dialPort = target == null ? request.port() : target.dialPort();
    return new Pass(grant, host, request.port(), dialPort, tls, addresses);
  }

  private static void checkProtocol(ProxyRequest request, @Nullable OperatorTarget target)
      throws EgressDenied {
    switch (request) {
      case ProxyRequest.Plain _ -> {
        if (target == null || target.protocol() != OperatorTarget.Protocol.HTTP) {
          throw new EgressDenied("plain http is not let out; use https");
        }
      }
      case ProxyRequest.Connect connect -> {
        if (target == null && connect.port() != TLS_PORT) {
          throw new EgressDenied("port " + connect.port() + " is not let out; only 443 is");
        }
      }
    }
  }

  /** Throws what the listener throws. */
  void allowed(Pass pass) {
    long missed;
    synchronized (this) {
      missed = suppressed;
      suppressed = 0;
    }
    try {
      listener.attempt(
          new EgressAttempt(
              slot,
              pass.grant().callId(),
              pass.host().toString(),
              pass.port(),
              true,
              "granted",
              missed));
    } catch (RuntimeException e) {
      suppress(missed);
      throw e;
    }
  }

  /**
   * A container could make thousands a second; beyond some each minute they are only counted. So is
   * one that the listener cannot take: as nothing is let out, it need not be recorded now.
   */
  void denied(@Nullable String callId, String rawHost, int port, String reason) {
    long missed;
    synchronized (this) {
      if (System.nanoTime() - windowNanos > MINUTE_NANOS) {
        windowNanos = System.nanoTime();
        told = 0;
      }
      if (told >= toldPerMinute) {
        suppressed++;
        return;
      }
      told++;
      missed = suppressed;
      suppressed = 0;
    }
    try {
      listener.attempt(
          new EgressAttempt(slot, callId, escaped(rawHost), port, false, reason, missed));
    } catch (RuntimeException e) {
      suppress(missed + 1);
      LOG.log(System.Logger.Level.WARNING, "a refused attempt could not be recorded", e);
    }
  }

  private synchronized void suppress(long attempts) {
    suppressed += attempts;
  }

  /** The host as it was sent, in printable characters. */
  private static String escaped(String raw) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < raw.length() && text.length() < MAX_HOST_CHARACTERS; i++) {
      char c = raw.charAt(i);
      boolean plain = c > ' ' && c < 0x7f && c != '\\';
      text.append(plain ? String.valueOf(c) : String.format(Locale.ROOT, "\\x%02x", (int) c));
    }
    return text.substring(0, Math.min(text.length(), MAX_HOST_CHARACTERS));
  }
}
