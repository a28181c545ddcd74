package dev.helm.workflows.decide.guard;

import java.util.Locale;
import java.util.regex.Pattern;

/** Files that hold keys, tokens and passwords, by name. */
final class Secrets {
  /** Anywhere: these names are credentials wherever they lie. */
  private static final Pattern NAMES =
      Pattern.compile(
          ".*/\\.ssh/(?!known_hosts|config$|authorized_keys|[^/]*\\.pub$)[^/]+"
              + "|.*/(id_rsa|id_ed25519|id_ecdsa|id_dsa|id_ed25519_sk)"
              + "|.*/\\.aws/(credentials|sso/cache/.*|cli/cache/.*)|.*/\\.azure/(accesstokens\\.json|msal_token_cache.*|azureprofile\\.json)"
              + "|.*/\\.config/gcloud/(.*credentials.*|access_tokens\\.db|legacy_credentials.*)|.*/application_default_credentials\\.json"
              + "|.*/\\.kube/config|.*/\\.docker/config\\.json|.*/\\.(netrc|pgpass|git-credentials|my\\.cnf|vault-token|pypirc|boto|s3cfg|htpasswd|terraformrc)"
              + "|.*/\\.config/gh/hosts\\.yml|.*/\\.config/hub|.*/\\.gem/credentials|.*/\\.cargo/credentials(\\.toml)?|.*/\\.m2/settings(-security)?\\.xml"
              + "|.*/\\.config/(rclone/rclone\\.conf|doctl/config\\.yaml|op/.*|helm/.*)|.*/\\.password-store(/.*)?"
              + "|.*/\\.gnupg(/.*)?|.*/\\.local/share/keyrings(/.*)?|.*/(login\\.keychain.*|.*\\.keychain-db)|.*/(key[34]\\.db|logins\\.json|cookies\\.sqlite|login data|cookies|web data)"
              + "|.*\\.(kdbx|ppk)|.*/\\.(bash|zsh|python|mysql|psql)_history|.*/\\.helm/.*|.*/model\\.key|.*/owner\\.credentials"
              + "|.*/\\.claude/\\.credentials\\.json|.*/\\.config/anthropic/.*|.*/\\.codex/auth\\.json"
              + "|/(home/[^/]+|root)/(\\.mozilla|\\.thunderbird|\\.config/(google-chrome|chromium|brave[^/]*|microsoft-edge|opera)|library/application support/(google|firefox|brave[^/]*)|snap/(firefox|chromium))/.*"
              + "|/(home/[^/]+|root)/\\.env"
              + "|/(home/[^/]+|root)/(.*/)?[^/]+\\.(pem|key|p12|pfx|jks|keystore)"
              + "|.*/wp-config\\.php\\.bak|.*/master\\.key");

  /** Whole directories full of them. */
  private static final Pattern DIRECTORIES =
      Pattern.compile(
          "(/home/[^/]+|/root|/users/[^/]+)/\\.(ssh|aws|gnupg|kube|docker|azure|password-store)(/[\uE001\\*]+)?"
              + "|(/home/[^/]+|/root)/\\.config/gcloud");

  private static final Pattern SYSTEM =
      Pattern.compile(
          "/etc/(shadow|gshadow|sudoers|master\\.passwd|security/opasswd|shadow-|gshadow-|krb5\\.keytab|ssl/private(/.*)?|ssh/ssh_host_[^/]*_key|sudoers\\.d/.*|kubernetes/(pki/.*\\.key|admin\\.conf)|rancher/.*|ppp/chap-secrets|letsencrypt/.*privkey.*|ipsec\\.secrets|wireguard/.*)"
              + "|/(var/)?run/secrets(/.*)?|/var/lib/kubelet/.*|/var/backups/(shadow|gshadow).*"
              + "|/proc/([^/]+)/(environ|mem|maps?/.*)|/proc/self/environ|/run/credentials(/.*)?"
              + "|/var/lib/(sss|samba)/.*|/private/var/db/.*");

  /** Lists of accounts and the like: read freely, sent to nobody. */
  private static final Pattern BULK =
      Pattern.compile("/etc/(passwd|group|hosts|hostname|os-release|resolv\\.conf)");

  private static final Pattern FIXTURE =
      Pattern.compile(
          ".*(test|fixture|example|sample|mock|dummy|template|spec|docs?)[^/]*/.*|.*\\.(example|sample|template|dist|tmpl|pub)");

  /** Files of a project that hold settings and often passwords. */
  private static final Pattern DOT_ENV =
      Pattern.compile(
          ".*/\\.env(\\.(local|prod|production|staging|dev|development))?|.*/(secrets?|credentials)\\.(ya?ml|json|toml|env)");

  private Secrets() {}

  /** Whether reading this path reads a credential. */
  static boolean credential(String directory, String path) {
    if (path.length() > 300 || path.isEmpty()) {
      return false;
    }
    String whole = Paths.resolve(directory, path).toLowerCase(Locale.ROOT);
    if (Marks.globbed(whole)) {
      return globbed(whole);
    }
    if (whole.startsWith("/proc/1/root")
        || whole.startsWith("/host/")
        || whole.startsWith("/mnt/host/")) {
      whole = whole.replaceFirst("^(/proc/1/root|/host|/mnt/host)", "");
    }
    if (SYSTEM.matcher(whole).matches() || DIRECTORIES.matcher(whole).matches()) {
      return true;
    }
    return NAMES.matcher(whole).matches()
        && !(whole.startsWith("/workspace/") && FIXTURE.matcher(whole).matches());
  }

  /** Names that nobody looks for but to read credentials, or a pattern that means some of them. */
  static boolean hunted(String name) {
    if (name.matches(".*[*?\\[].*") && name.replaceAll("[*?]", "").length() > 2) {
      for (String key :
          "id_rsa id_ed25519 .netrc .git-credentials credentials .pgpass shadow".split(" ", -1)) {
        if (Globs.path(name, key)) {
          return true;
        }
      }
    }
    return name.toLowerCase(Locale.ROOT)
        .matches(
            "\\*?(id_(rsa|dsa|ecdsa|ed25519)|\\.netrc|\\.pgpass|\\.git-credentials|credentials|shadow|\\.aws|wallet\\.dat|\\.htpasswd|\\.vault-token|\\.kdbx|\\.ppk|\\.ovpn|\\.kube|\\.ssh|\\.gnupg)\\*?");
  }

  /** What a pattern may match: tried on the best known credentials. */
  private static boolean globbed(String whole) {
    int slash = whole.lastIndexOf('/');
    if (!Marks.globbed(whole.substring(slash))
        && NAMES.matcher("/x" + whole.substring(slash)).matches()) {
      return true;
    }
    // What a star may stand for: any one name.
    String sample = whole.replace(Marks.STAR, 'x').replace('*', 'x').replace(Marks.ANY, 'x');
    if (whole.indexOf(Marks.STAR) != whole.length() - 1 && NAMES.matcher(sample).matches()) {
      return true;
    }
    for (String known :
        new String[] {
          "/etc/shadow",
          "/etc/gshadow",
          "/etc/sudoers",
          Paths.HOME + "/.ssh/id_rsa",
          Paths.HOME + "/.ssh/id_ed25519",
          "/root/.ssh/id_rsa",
          "/root/.ssh/id_ed25519",
          Paths.HOME + "/.aws/credentials",
          "/root/.aws/credentials",
          Paths.HOME + "/.netrc",
          Paths.HOME + "/.git-credentials",
          Paths.HOME + "/.kube/config",
          Paths.HOME + "/.docker/config.json",
          "/proc/1/environ",
          "/proc/self/environ",
          "/home/user/.ssh/id_rsa",
          Paths.HOME + "/.pgpass",
          Paths.HOME + "/.bash_history",
          Paths.HOME + "/.gnupg/secring.gpg",
          "/run/secrets/token"
        }) {
      if (Globs.path(whole, known) && letters(whole) > 2) {
        return true;
      }
    }
    return false;
  }

  private static long letters(String text) {
    return text.chars().filter(c -> c < 0x80 && Character.isLetter(c)).count();
  }

  static boolean bulk(String directory, String path) {
    return BULK.matcher(Paths.resolve(directory, path)).matches();
  }

  static boolean dotEnv(String directory, String path) {
    return path.length() <= 300
        && DOT_ENV.matcher(Paths.resolve(directory, path).toLowerCase(Locale.ROOT)).matches();
  }
}
