package dev.helm.cli.launch.doctor;

import dev.helm.cli.launch.Account;
import dev.helm.cli.launch.Checks;
import dev.helm.cli.launch.Finding;
import dev.helm.cli.launch.KeyFile;
import dev.helm.cli.launch.SystemUsers;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** HELM_HOME: who may enter it, who owns what is in it, and the model key. */
final class HomeCheck implements Check {
  private static final int FILES_MAX = 2_000;
  private static final int SHOWN_MAX = 3;
  private static final int OTHERS = 0007;
  private static final int GROUP_WRITES = 0020;

  /** Below these everything is looked at; elsewhere only the top. */
  private static final List<String> FOLDERS = List.of("", "keys", "run");

  /** What whoever reads it can act with; the group may read no more than these say. */
  private static final Set<String> SECRETS =
      Set.of(
          "model.key",
          "jwt.key",
          "heads.key",
          "token.key",
          "owner.credentials",
          "helm.db",
          "helm.db-wal",
          "temporal.db",
          "service.token");

  private final Site site;

  HomeCheck(Site site) {
    this.site = site;
  }

  @Override
  public List<Finding> look() {
    List<Finding> findings = new ArrayList<>();
    Path root = site.home().root();
    if (!Files.exists(root)) {
      findings.add(Finding.note("HELM_HOME", root + " is not there yet", "helm up makes it"));
    } else {
      findings.add(door(root));
      findings.addAll(files(root));
      findings.addAll(firstPassword());
    }
    findings.add(key());
    findings.add(users());
    return findings;
  }

  private static int mode(Path path) throws IOException {
    return (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 07777;
  }

  // Attack: another user of the machine reads prompts, keys and decisions, or replaces them.
  private static Finding door(Path root) {
    try {
      int mode = mode(root);
      String text = "%s · mode %o".formatted(root, mode);
      if (!Files.isReadable(root)) {
        return Finding.warn(
            "HELM_HOME",
            text + " · belongs to another user, so much of this report is about yours alone",
            "run helm doctor as that user or as root, or name your own with --home");
      }
      return (mode & OTHERS) == 0
          ? Finding.fine("HELM_HOME", text)
          : Finding.wrong("HELM_HOME", text + ", open to others", "chmod o= " + root);
    } catch (IOException e) {
      return Finding.warn(
          "HELM_HOME", root + " cannot be looked at as this user", "run helm doctor as its owner");
    }
  }

  private List<Finding> files(Path root) {
    List<String> open = new ArrayList<>();
    List<String> strange = new ArrayList<>();
    Set<Integer> owners = new TreeSet<>(List.of(0, site.ownUid()));
    SystemUsers.existing()
        .filter(users -> site.root())
        .ifPresent(users -> owners.addAll(List.of(users.helm().uid(), users.helmKey().uid())));
    int looked = 0;
    boolean hidden = false;
    for (String folder : FOLDERS) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(root.resolve(folder))) {
        for (Path entry : entries) {
          if (looked++ >= FILES_MAX) {
            break;
          }
          look(entry, owners, open, strange);
        }
      } catch (IOException e) {
        hidden |= Files.exists(root.resolve(folder)) || !Files.isReadable(root);
      }
    }
    List<Finding> findings = new ArrayList<>();
    if (!open.isEmpty()) {
      findings.add(
          Finding.wrong(
              "file modes",
              shown(open) + " may be read or changed by others",
              "chmod o=,g-w " + shown(open)));
    }
    if (!strange.isEmpty()) {
      findings.add(
          Finding.wrong(
              "file owners",
              shown(strange) + " belong to someone who is not Helm",
              "find out who put them there; chown them to Helm's user, or remove them"));
    }
    if (hidden) {
      findings.add(
          Finding.warn(
              "file modes", "not all can be seen as this user", "run as the owner or root"));
    }
    if (findings.isEmpty()) {
      findings.add(Finding.fine("file modes", looked + " files, none open to others"));
    }
    return findings;
  }

  private static String shown(List<String> paths) {
    String more = paths.size() > SHOWN_MAX ? " and " + (paths.size() - SHOWN_MAX) + " more" : "";
    return String.join(" ", paths.subList(0, Math.min(SHOWN_MAX, paths.size()))) + more;
  }

  private static void look(
      Path entry, Set<Integer> owners, List<String> open, List<String> strange) {
    try {
      if (Files.isSymbolicLink(entry)) {
        return;
      }
      int mode = mode(entry);
      boolean secret = SECRETS.contains(entry.getFileName().toString());
      boolean folder = Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS);
      boolean forOthers = (mode & OTHERS) != 0 && !folder;
      if (forOthers && (secret || reachable(entry)) || secret && (mode & GROUP_WRITES) != 0) {
        open.add(entry.toString());
      }
      if (!owners.contains(Account.uidOf(entry).orElse(0))) {
        strange.add(entry.toString());
      }
    } catch (IOException e) {
      // Gone meanwhile.
    }
  }

  /** A file that is open to others is safe in a folder that is not. */
  private static boolean reachable(Path entry) throws IOException {
    for (Path at = entry.getParent(); at != null && at.getParent() != null; at = at.getParent()) {
      if ((mode(at) & 0001) == 0) {
        return false;
      }
    }
    return true;
  }

  private List<Finding> firstPassword() {
    Path file = site.home().ownerCredentials();
    return Files.exists(file)
        ? List.of(
            Finding.note(
                "first password",
                "still in " + file,
                "keep it in a password manager and remove the file"))
        : List.of();
  }

  // Attack: a program of another user reads the model key.
  private Finding key() {
    Optional<SystemUsers> users = site.root() ? SystemUsers.existing() : Optional.empty();
    return switch (KeyFile.check(site.settings().keyFile(), Checks.keyOwners(users.orElse(null)))) {
      case KeyFile.State.Absent absent ->
          Finding.note(
              "model key",
              "none · the practice model stands in, which costs nothing",
              "helm key set < FILE takes your own");
      case KeyFile.State.Usable(Path path) ->
          Finding.fine("model key", path + " · closed to others");
      case KeyFile.State.Refused(String why, String repair) ->
          Finding.wrong("model key", why, repair);
    };
  }

  private Finding users() {
    return site.root()
        ? Finding.fine(
            "users", "the service runs as helm, the key proxy as helm-key, neither as root")
        : Finding.warn(
            "users",
            "all of Helm runs as you: whoever takes over the service, or any program of yours, can"
                + " read the key file",
            "fine on a laptop; on a server start Helm as root, which drops to two users");
  }
}
