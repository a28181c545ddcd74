package dev.helm.activities.publish;

import dev.helm.activities.egress.Outgoing;
import dev.helm.api.Secret;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** One handing out, which can be stopped. */
public final class Hand {
  private final @Nullable Outgoing outgoing;
  private final Supplier<Mac> hmac;
  private final Path scratch;
  private final Clock clock;
  private volatile @Nullable Post post;

  /** With the way out, null where there is none. */
  public Hand(@Nullable Outgoing outgoing, Publishing publishing, Clock clock) {
    this.outgoing = outgoing;
    this.hmac = publishing.hmac();
    this.scratch = publishing.scratch();
    this.clock = clock;
  }

  /** What has to be known of a connection before it is made. */
  public sealed interface Way {
    /** No connection is made. */
    record Local() implements Way {}

    /** It may be made. */
    record Open(String host, int port) implements Way {}

    /** It may not. */
    record Closed(String host, int port, String reason) implements Way {}
  }

  /** Where a destination leads, by the egress proxy's rules. */
  public Way way(Destination to) {
    URI uri =
        switch (to) {
          case Destination.Folder folder -> null;
          case Destination.Webhook webhook -> webhook.uri();
          case Destination.Git git -> git.remote();
        };
    if (uri == null || "file".equals(uri.getScheme())) {
      return new Way.Local();
    }
    boolean secure = "https".equals(uri.getScheme());
    int port = uri.getPort() >= 0 ? uri.getPort() : secure ? 443 : 80;
    if (outgoing == null) {
      return new Way.Closed(uri.getHost(), port, "there is no way out");
    }
    try {
      outgoing.route(uri.getHost(), port, secure);
      return new Way.Open(uri.getHost(), port);
    } catch (Outgoing.Refused e) {
      return new Way.Closed(uri.getHost(), port, e.reason());
    }
  }

  /**
   * Hands the bundle out.
   *
   * @param again whether an attempt before this one may have come through
   * @param secrets gives the project's secret of a name, or null
   */
  public Handed hand(
      Destination to,
      Bundle bundle,
      Contents contents,
      boolean again,
      Function<String, @Nullable Secret> secrets) {
    String name =
        switch (to) {
          case Destination.Folder folder -> null;
          case Destination.Webhook webhook -> webhook.secret();
          case Destination.Git git -> git.secret();
        };
    Secret secret = name == null ? null : secrets.apply(name);
    if (name != null && secret == null) {
      return new Handed.Failed(
          "the run's project has no secret " + name + ", which this destination needs");
    }
    return switch (to) {
      case Destination.Folder folder -> new FolderDrop(folder).hand(bundle, contents);
      case Destination.Git git ->
          new GitPush(git, outgoing, secret, scratch, again).hand(bundle, contents);
      case Destination.Webhook webhook -> send(webhook, bundle, contents, secret);
    };
  }

  private Handed send(
      Destination.Webhook to, Bundle bundle, Contents contents, @Nullable Secret secret) {
    if (outgoing == null) {
      return new Handed.Failed("there is no way out");
    }
    Post fresh = new Post(outgoing);
    post = fresh;
    try {
      return fresh.hand(
          to,
          fresh.route(to),
          bundle,
          contents,
          secret == null ? hmac.get() : hmac(secret),
          clock.instant().getEpochSecond());
    } catch (Outgoing.Refused e) {
      return new Handed.Failed(e.reason());
    }
  }

  private static Mac hmac(Secret secret) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.reveal().getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HmacSHA256", e);
    }
  }

  /** Ends a request that is being made; what is written to a disk goes on to its end. */
  public void stop() {
    Post running = post;
    if (running != null) {
      running.stop();
    }
  }
}
