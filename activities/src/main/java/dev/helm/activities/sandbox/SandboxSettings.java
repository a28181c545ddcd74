package dev.helm.activities.sandbox;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How containers are made.
 *
 * @param home HELM_HOME, absolute, at most 60 characters (a socket's path must fit 107 bytes)
 * @param installation names this Helm in container labels: {@code [a-zA-Z0-9_.-]{1,64}}
 * @param engine where the engine listens, {@code unix:///…}
 * @param imageId {@code sha256:…}
 * @param ownerUid who owns workspaces and runs in containers; never 0
 * @param pool ready containers that wait, 0 to 16
 * @param maxSlots containers at once, more than {@code pool}, at most 256
 * @param extraCertificates the operator's PEM files, added to the system's bundle
 */
public record SandboxSettings(
    Path home,
    String installation,
    URI engine,
    String imageId,
    int ownerUid,
    int pool,
    int maxSlots,
    List<Path> extraCertificates) {
  /** Uid of containers where the service itself runs as root. */
  public static final int UID_WHEN_ROOT = 1000;

  /** Where the executor lies in the image. */
  static final String EXECUTOR = "/usr/local/bin/helm-executor";

  private static final int MAX_HOME_CHARACTERS = 60;
  private static final Pattern INSTALLATION = Pattern.compile("[a-zA-Z0-9_.-]{1,64}");

  /** Checks every member. */
  public SandboxSettings {
    extraCertificates = List.copyOf(extraCertificates);
    if (!home.isAbsolute() || home.toString().length() > MAX_HOME_CHARACTERS) {
      throw new IllegalArgumentException(
          "HELM_HOME must be an absolute path of at most "
              + MAX_HOME_CHARACTERS
              + " characters, because socket paths under it have a hard limit: "
              + home);
    }
    if (!INSTALLATION.matcher(installation).matches()) {
      throw new IllegalArgumentException("installation must be 1 to 64 of A-Z a-z 0-9 _ . -");
    }
    Ids.image(imageId);
    if (ownerUid < 1) {
      throw new IllegalArgumentException("containers never run as uid 0");
    }
    if (pool < 0 || pool > 16 || maxSlots > 256 || pool >= maxSlots) {
      throw new IllegalArgumentException("pool must be 0 to 16 and maxSlots pool + 1 to 256");
    }
  }

  /** The usual settings: one ready container, 32 at once, the service's own uid. */
  public static SandboxSettings of(Path home, String installation, URI engine, String imageId) {
    return new SandboxSettings(
        home, installation, engine, imageId, Workspaces.defaultOwnerUid(), 1, 32, List.of());
  }

  /** Same with another pool size. */
  public SandboxSettings withPool(int size) {
    return new SandboxSettings(
        home, installation, engine, imageId, ownerUid, size, maxSlots, extraCertificates);
  }
}
