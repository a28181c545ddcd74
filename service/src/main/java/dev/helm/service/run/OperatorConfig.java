package dev.helm.service.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.helm.activities.egress.HostName;
import dev.helm.activities.egress.OperatorTarget;
import dev.helm.activities.images.ImageList;
import dev.helm.activities.publish.Destination;
import dev.helm.activities.workspace.WorkspaceLimits;
import dev.helm.service.notify.WebhookAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What only the operator may say, in {@code HELM_HOME/config.yml}. A blueprint can never say it.
 *
 * @param targets private or unusual hosts that egress may reach, at pinned addresses
 * @param trust PEM files whose certificates containers trust besides the system's
 * @param images the engine's images that blueprints may name
 * @param workspace how large a run's workspace may become
 * @param waitMinutes how long a run that waits for people keeps its container
 * @param moneyZone whose days and months caps count
 * @param webhook who is told what waits for people, null for nobody
 * @param publish where runs may hand files to
 */
public record OperatorConfig(
    List<OperatorTarget> targets,
    List<Path> trust,
    ImageList images,
    WorkspaceLimits workspace,
    int waitMinutes,
    ZoneId moneyZone,
    @Nullable WebhookAddress webhook,
    List<Destination.Named> publish) {
  private static final int WAIT_MINUTES = 10;
  private static final int WAIT_MINUTES_MAX = 7 * 24 * 60;
  private static final Set<String> TOP =
      Set.of(
          "audit", "egress", "money", "notify", "origins", "publish", "sandbox", "trustedProxies");
  private static final Set<String> SANDBOX = Set.of("diskMb", "diskFiles", "images", "waitMinutes");
  private static final Set<String> NOTIFY = Set.of("webhook");
  private static final Set<String> EGRESS = Set.of("targets", "trust");
  private static final Set<String> MONEY = Set.of("timeZone");
  private static final Set<String> TARGET = Set.of("host", "port", "protocol", "address", "mirror");

  public OperatorConfig {
    targets = List.copyOf(targets);
    trust = List.copyOf(trust);
    publish = List.copyOf(publish);
  }

  /**
   * Reads the file; a missing one is empty.
   *
   * @throws IllegalArgumentException when something in it is not understood: nothing is ignored
   */
  public static OperatorConfig read(Path home) {
    Path file = home.resolve("config.yml");
    if (!Files.exists(file)) {
      return empty();
    }
    try {
      JsonNode root = new YAMLMapper().readTree(Files.readString(file));
      if (root == null || root.isMissingNode() || root.isNull()) {
        return empty();
      }
      known(root, TOP, "config.yml");
      JsonNode egress = root.path("egress");
      known(egress, EGRESS, "egress");
      List<OperatorTarget> targets = new ArrayList<>();
      for (JsonNode target : egress.path("targets")) {
        targets.add(target(target));
      }
      List<Path> trust = new ArrayList<>();
      for (JsonNode pem : egress.path("trust")) {
        trust.add(home.resolve(pem.asText()));
      }
      return new OperatorConfig(
          targets,
          trust,
          images(root.path("sandbox")),
          workspace(root.path("sandbox")),
          waitMinutes(root.path("sandbox")),
          moneyZone(root.path("money")),
          webhook(root.path("notify")),
          PublishConfig.read(root.path("publish")));
    } catch (IOException e) {
      throw new IllegalArgumentException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static OperatorConfig empty() {
    return new OperatorConfig(
        List.of(),
        List.of(),
        ImageList.NONE,
        WorkspaceLimits.DEFAULT,
        WAIT_MINUTES,
        ZoneOffset.UTC,
        null,
        List.of());
  }

  private static ZoneId moneyZone(JsonNode money) {
    known(money, MONEY, "money");
    String zone = money.path("timeZone").asText("UTC");
    try {
      return ZoneId.of(zone);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "config.yml: money.timeZone has to be a time zone such as Europe/Berlin or UTC, not \""
              + zone
              + "\"",
          e);
    }
  }

  /** The launcher reads the same two: it makes the disks. */
  private static WorkspaceLimits workspace(JsonNode sandbox) {
    known(sandbox, SANDBOX, "sandbox");
    return WorkspaceLimits.ofConfig(
        whole(sandbox, "diskMb", WorkspaceLimits.DEFAULT.bytes() >> 20),
        whole(sandbox, "diskFiles", WorkspaceLimits.DEFAULT.files()));
  }

  private static ImageList images(JsonNode sandbox) {
    JsonNode list = sandbox.path("images");
    List<String> images = new ArrayList<>();
    list.forEach(image -> images.add(image.asText()));
    if (!list.isMissingNode() && !list.isArray()) {
      throw new IllegalArgumentException(
          "config.yml: sandbox.images has to be a list, such as [\"tools:2\", \"team/*\"]");
    }
    try {
      return ImageList.of(images);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("config.yml: sandbox.images: " + e.getMessage(), e);
    }
  }

  private static int waitMinutes(JsonNode sandbox) {
    long minutes = whole(sandbox, "waitMinutes", WAIT_MINUTES);
    if (minutes < 1 || minutes > WAIT_MINUTES_MAX) {
      throw new IllegalArgumentException(
          "config.yml: sandbox.waitMinutes has to be 1 to " + WAIT_MINUTES_MAX);
    }
    return (int) minutes;
  }

  private static @Nullable WebhookAddress webhook(JsonNode notify) {
    known(notify, NOTIFY, "notify");
    JsonNode address = notify.path("webhook");
    return address.isMissingNode() || address.isNull()
        ? null
        : WebhookAddress.of(address.isTextual() ? address.asText() : "");
  }

  private static long whole(JsonNode parent, String name, long otherwise) {
    JsonNode value = parent.path(name);
    if (!value.isMissingNode() && !value.isIntegralNumber()) {
      throw new IllegalArgumentException("config.yml: sandbox." + name + " has to be a number");
    }
    return value.asLong(otherwise);
  }

  private static OperatorTarget target(JsonNode target) throws IOException {
    known(target, TARGET, "egress.targets");
    String address = target.path("address").asText();
    int colon = address.lastIndexOf(':');
    String ip = colon > 0 && address.indexOf(':') == colon ? address.substring(0, colon) : address;
    if (!ip.matches("[0-9.]{7,15}|[0-9a-fA-F:]{2,39}")) {
      throw new IllegalArgumentException(
          "config.yml: egress.targets.address has to be an IP address, not \"" + address + "\"");
    }
    int port = target.path("port").asInt(443);
    return new OperatorTarget(
        HostName.parse(target.path("host").asText()),
        port,
        OperatorTarget.Protocol.valueOf(
            target.path("protocol").asText("tls").toUpperCase(Locale.ROOT)),
        InetAddress.getByName(ip),
        ip.equals(address) ? port : Integer.parseInt(address.substring(colon + 1)),
        target.path("mirror").asBoolean(false));
  }

  static void known(JsonNode node, Set<String> names, String where) {
    node.fieldNames()
        .forEachRemaining(
            name -> {
              if (!names.contains(name)) {
                throw new IllegalArgumentException(
                    "config.yml: "
                        + where
                        + " has no member \""
                        + name
                        + "\"; known are "
                        + String.join(", ", names.stream().sorted().toList()));
              }
            });
  }
}
