package dev.helm.cli.launch.doctor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.Settings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Every host outside that would be spoken to, and for what. Nothing is asked to find out. */
final class OutgoingCheck implements Check {
  private static final int FILE_BYTES_MAX = 1 << 20;

  private final Site site;

  OutgoingCheck(Site site) {
    this.site = site;
  }

  @Override
  public List<Finding> look() {
    Settings settings = site.settings();
    List<Finding> findings = new ArrayList<>();
    findings.add(
        Files.exists(settings.keyFile())
            ? Finding.fine("model", host(settings.upstream()) + " · by the key proxy alone")
            : Finding.fine("model", "none · the practice model is on this machine"));
    findings.add(
        settings.smtpUrl().isEmpty()
            ? Finding.fine("mail", "none · mail is written to the run's outbox/")
            : Finding.fine("mail", host(settings.smtpUrl()) + " · when a SendEmail is allowed"));
    findings.add(
        Finding.fine(
            "agents", "only hosts of their blueprint's egress list, while an allowed call runs"));
    findings.addAll(ofConfig());
    findings.add(Finding.fine("push, Slack, telemetry, update checks", "none"));
    findings.add(
        Finding.fine(
            "packages",
            "npm's and PyPI's registries · when a blueprint names packages, once for each image"));
    findings.add(
        Finding.note(
            "builds only",
            "repo.maven.apache.org, proxy.golang.org, your Debian mirror · by ./helm build and the"
                + " first ./helm up, never by running Helm",
            ""));
    return findings;
  }

  /** What the operator lets agents reach besides public hosts, and whom Helm tells. */
  private List<Finding> ofConfig() {
    Path file = site.home().root().resolve("config.yml");
    if (!Files.exists(file)) {
      return List.of(webhook(""));
    }
    List<String> hosts = new ArrayList<>();
    List<String> published = new ArrayList<>();
    List<String> images = new ArrayList<>();
    String webhook;
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new IOException("it is larger than a mebibyte");
      }
      JsonNode root = new YAMLMapper().readTree(Files.readString(file));
      webhook = root.path("notify").path("webhook").asText();
      for (JsonNode to : root.path("publish")) {
        published.add(
            to.has("folder")
                ? to.path("folder").asText()
                : host(to.path("webhook").asText(to.path("git").asText())));
      }
      root.path("sandbox").path("images").forEach(image -> images.add(image.asText()));
      for (JsonNode target : root.path("egress").path("targets")) {
        hosts.add(target.path("host").asText() + " at " + target.path("address").asText());
      }
    } catch (IOException e) {
      return List.of(
          Finding.wrong(
              "config.yml", "cannot be read: " + firstLine(e), "mend it: docs/sandbox.md"));
    }
    List<Finding> findings = new ArrayList<>();
    if (!hosts.isEmpty()) {
      findings.add(
          Finding.note("config.yml", "agents may also reach " + String.join(", ", hosts), ""));
    }
    if (!published.isEmpty()) {
      findings.add(
          Finding.note("config.yml", "agents may publish to " + String.join(", ", published), ""));
    }
    if (!images.isEmpty()) {
      findings.add(
          Finding.note(
              "config.yml",
              "blueprints may name the engine's images " + String.join(", ", images),
              ""));
    }
    findings.add(webhook(webhook));
    return findings;
  }

  private static Finding webhook(String address) {
    return address.isEmpty()
        ? Finding.fine("webhook", "none")
        : Finding.note(
            "webhook",
            host(address)
                + " · is told of permissions, questions and stalls (notify.webhook of config.yml)",
            "");
  }

  private static String firstLine(IOException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  /** Never more than the host and the port: the rest may hold a password. */
  private static String host(String url) {
    try {
      URI uri = URI.create(url);
      String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
      if ("file".equals(uri.getScheme())) {
        return uri.getPath();
      }
      return uri.getHost() == null ? "an unreadable address" : uri.getHost() + port;
    } catch (IllegalArgumentException e) {
      return "an unreadable address";
    }
  }
}
