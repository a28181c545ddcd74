package dev.helm.cli.verify;

import dev.helm.api.bundle.BundleFormat;
import dev.helm.api.bundle.ManifestText;
import dev.helm.api.bundle.SignerKey;
import dev.helm.cli.http.Json;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The manifest: signed, and true of the file. */
final class Manifest {
  private static final String PART = "manifest";

  private final Map<String, Object> members;

  private Manifest(Map<String, Object> members) {
    this.members = members;
  }

  static Manifest read(BundleFile file) throws IOException {
    String text = file.text(file.entry(BundleFormat.MANIFEST), BundleFormat.MANIFEST_BYTES_MAX);
    Map<String, Object> members;
    try {
      members = Json.object(text);
      if (!ManifestText.whole(members).equals(text)) {
        throw new BundleException("the manifest is not written as Helm writes it");
      }
    } catch (IllegalArgumentException e) {
      throw new BundleException("the manifest is no JSON object");
    }
    Manifest manifest = new Manifest(members);
    if (!manifest.text("format").equals(BundleFormat.NAME)) {
      throw new BundleException(
          "this helm knows the format " + BundleFormat.NAME + ", the file has another");
    }
    return manifest;
  }

  Map<String, Object> members() {
    return members;
  }

  String text(String name) {
    return members.get(name) instanceof String text ? text : "";
  }

  long number(String name) {
    return members.get(name) instanceof Number number ? number.longValue() : -1;
  }

  Map<?, ?> object(String name) {
    return members.get(name) instanceof Map<?, ?> map ? map : Map.of();
  }

  /** Checks who signed it. */
  void signature(List<SignerKey> keys, Report report) {
    String keyId = text("keyId");
    boolean signed =
        keys.stream()
            .filter(key -> key.id().equals(keyId))
            .anyMatch(key -> key.signed(ManifestText.signed(members), text("signature")));
    if (!signed) {
      report.fault(PART, 0, "the manifest is not signed by the key that it names");
    }
  }

  /**
   * Checks that it is true of the file.
   *
   * @param sums SHA-256 of each entry's contents; an entry that could not be read has none
   */
  void file(BundleFile file, Map<String, String> sums, Report report) throws IOException {
    BundleFormat.Entry own = file.entries().getLast();
    if (number("zipBytes") != own.offset()
        || !text("zipSha256").equals(file.sha256(own.offset()))) {
      report.fault(PART, 0, "the file was changed after it was made: its SHA-256 is another");
    }
    Map<String, Map<?, ?>> listed = new HashMap<>();
    if (members.get("entries") instanceof List<?> entries) {
      for (Object entry : entries) {
        if (entry instanceof Map<?, ?> map && map.get("name") instanceof String name) {
          listed.put(name, map);
        }
      }
    }
    for (BundleFormat.Entry entry : file.entries()) {
      if (!entry.stored()) {
        sum(entry, sums.get(entry.name()), listed.remove(entry.name()), report);
      }
    }
    listed.keySet().forEach(name -> report.fault(PART, 0, "the file lacks " + name));
    report.checked(
        file.entries().size() + " parts of the file have the sums of the signed manifest");
  }

  private static void sum(
      BundleFormat.Entry entry, @Nullable String sum, @Nullable Map<?, ?> said, Report report) {
    if (said == null) {
      report.fault(PART, 0, "the manifest does not name " + entry.name());
      return;
    }
    boolean same =
        said.get("sha256") instanceof String sha256
            && sha256.equals(sum)
            && said.get("bytes") instanceof Number bytes
            && bytes.longValue() == entry.bytes();
    if (!same) {
      report.fault(PART, 0, entry.name() + " was changed: its SHA-256 is not the manifest's");
    }
  }
}
