package dev.helm.api.bundle;

import dev.helm.api.Sha256;
import dev.helm.api.event.CanonicalJson;
import java.util.LinkedHashMap;
import java.util.Map;

/** What of a manifest is signed, and how the whole is written. */
public final class ManifestText {
  private static final String FORMAT = "helm-manifest-v1";
  private static final String SIGNATURE = "signature";

  private ManifestText() {}

  /** The text that is signed, as UTF-8: the hash of the manifest without its signature. */
  public static String signed(Map<String, Object> manifest) {
    Map<String, Object> rest = new LinkedHashMap<>(manifest);
    rest.remove(SIGNATURE);
    return FORMAT + "\n" + Sha256.hex(CanonicalJson.write(rest));
  }

  /** The manifest as it stands in the file: canonical JSON and a line end. */
  public static String whole(Map<String, Object> manifest) {
    return CanonicalJson.write(manifest) + "\n";
  }
}
