package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Map;

/** Downloads and uploads over HTTP, and names that carry data out. */
final class Network {
  private static final String[] CURL_VALUED =
      ("-o --output -d --data --data-raw --data-binary --data-urlencode --data-ascii --json -F --form -T --upload-file -H --header -X --request -u --user -A --user-agent -e --referer -b --cookie -c --cookie-jar -w --write-out -m --max-time --connect-timeout --retry -x --proxy --cacert --cert -E --key --resolve --retry-delay -K --config -r --range --url -D --dump-header --limit-rate --output-dir --unix-socket -C --interface --form-string --retry-max-time -Y -y -z --socks5 --socks5-hostname -P -Q -t --url-query")
          .split(" ", -1);
  private static final String[] WGET_VALUED =
      ("-O --output-document -o -a -P --directory-prefix -t -T -U --header -e -i -w -Q -l -A -R -D --user --password -B")
          .split(" ", -1);

  private Network() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Network::curl, "curl curlie xh http https httpie");
    Programs.register(
        handlers,
        Network::wget,
        "wget wget2 aria2c axel lwp-download fetch lynx links w3m elinks get lwp-request");
    Programs.register(
        handlers, Network::name, "dig nslookup host ping drill ping6 resolvectl traceroute");
  }

  private static String curl(Call call) {
    List<String> urls = call.operands(CURL_VALUED);
    urls.addAll(call.values("--url"));
    boolean local = !urls.isEmpty() && urls.stream().allMatch(Hosts::local);
    for (String url : urls) {
      url(call, url);
    }
    for (String socket : call.values("--unix-socket")) {
      Containers.socket(call, socket);
    }
    StringBuilder sent = new StringBuilder();
    for (String value :
        call.values(
            "-d",
            "--data",
            "--data-binary",
            "--data-urlencode",
            "--data-ascii",
            "--json",
            "--url-query",
            "-F",
            "--form")) {
      sent.append(body(call, value));
    }
    for (String value : call.values("--data-raw", "--form-string")) {
      sent.append(value);
    }
    for (String file : call.values("-T", "--upload-file")) {
      sent.append(file.equals("-") || file.equals(".") ? call.input() : sentFile(call, file));
    }
    if (call.name().startsWith("http") || call.name().equals("xh")) {
      sent.append(call.input());
    }
    for (String header :
        call.values(
            "-H",
            "--header",
            "-b",
            "--cookie",
            "-A",
            "--user-agent",
            "-e",
            "--referer",
            "-u",
            "--user")) {
      sent.append(Marks.of(header).replace(String.valueOf(Marks.TOKEN), ""));
    }
    for (String file : call.values("-K", "--config")) {
      Files.read(call.walker(), file, "curl");
    }
    sent(call, sent.toString(), local);
    return answered(
        call,
        call.values("-o", "--output"),
        call.letter('O') || call.has("--remote-name", "-O"),
        urls);
  }

  private static String body(Call call, String value) {
    int at = value.startsWith("@") ? 0 : Math.max(value.indexOf("=@"), value.indexOf("=<"));
    if (at < 0) {
      return value;
    }
    String file =
        value
            .substring(value.charAt(at) == '=' ? at + 2 : at + 1)
            .replaceFirst(";(type|filename)=.*$", "");
    return file.equals("-") ? call.input() : sentFile(call, file);
  }

  /** A file that goes out; a project's settings often hold passwords. */
  private static String sentFile(Call call, String file) {
    return Files.read(call.walker(), file, call.name())
        + (Secrets.dotEnv(call.state().directory, file) ? String.valueOf(Marks.SECRET) : "");
  }

  private static void url(Call call, String address) {
    String url = withoutLogins(address);
    if (url.regionMatches(true, 0, "file:", 0, 5)) {
      Files.read(call.walker(), url.replaceFirst("(?i)^file:(//(localhost)?)?", ""), call.name());
    }
    if (Hosts.metadata(url)) {
      call.findings()
          .block(Family.CREDENTIALS, "The cloud's metadata address is asked for credentials");
    }
    if (!Hosts.local(url)
        && (Files.sensitive(url)
            || Marks.has(url, Marks.FILE) && !url.startsWith("" + Marks.FILE))) {
      if (Files.sensitive(url)) {
        call.findings().block(Family.EXFILTRATION, "A URL carries secrets or file contents");
      } else if (url.indexOf('?') >= 0 || url.matches("(?s)[a-z]+://" + Marks.FILE + "\\..*")) {
        call.findings().ask(Family.EXFILTRATION, "A URL carries file contents");
      }
    }
  }

  /** A token under a name that says so is a log-in; under another name it is carried out. */
  private static String withoutLogins(String text) {
    return text.replaceAll(
        "(?i)((secret|token|key|pass|auth|pwd|appid|credential)\\w*[\"']*\\s*[=:]\\s*[\"']*(bearer )?)"
            + Marks.TOKEN,
        "$1");
  }

  private static void sent(Call call, String all, boolean local) {
    String sent = withoutLogins(all);
    if (!local && Files.sensitive(sent)) {
      call.findings()
          .block(Family.EXFILTRATION, call.name() + " sends secrets or whole directories");
    }
  }

  private static String answered(
      Call call, List<String> outputs, boolean named, List<String> urls) {
    String download = String.valueOf(Marks.DOWNLOAD);
    if (call.has("-I", "--head", "--spider", "--version", "-V", "--help")) {
      return String.valueOf(Marks.OUTPUT);
    }
    boolean printed = outputs.isEmpty() && !named;
    for (String output : outputs) {
      if (output.equals("-") || output.equals("/dev/stdout")) {
        printed = true;
      } else {
        Files.write(call.walker(), output, download, false);
      }
    }
    if (named) {
      for (String url : urls) {
        String path = url.replaceFirst("[?#].*$", "");
        String name = path.substring(path.lastIndexOf('/') + 1);
        List<String> into = call.values("--output-dir", "-P", "--directory-prefix");
        Files.write(
            call.walker(),
            (into.isEmpty() ? "" : into.get(0) + "/") + (name.isEmpty() ? "index.html" : name),
            download,
            false);
      }
    }
    return printed ? download : "";
  }

  private static String wget(Call call) {
    List<String> urls = call.operands(WGET_VALUED);
    for (String url : urls) {
      url(call, url);
    }
    boolean local = !urls.isEmpty() && urls.stream().allMatch(Hosts::local);
    StringBuilder sent = new StringBuilder();
    for (String file : call.values("--post-file", "--body-file")) {
      sent.append(sentFile(call, file));
    }
    call.values("--post-data", "--body-data").forEach(sent::append);
    call.values("-i", "--input-file").forEach(file -> Files.read(call.walker(), file, "wget"));
    sent(call, sent.toString(), local);
    for (String code : call.values("--use-askpass")) {
      call.walker().file(code, List.of(), "");
    }
    List<String> outputs = new java.util.ArrayList<>(call.values("-O", "--output-document"));
    for (String argument : call.arguments()) {
      // -qO- and -qO FILE
      if (argument.matches("-[a-zA-Z]+O-?")) {
        int at = call.argv().indexOf(argument) + 1;
        outputs.add(
            argument.endsWith("-") ? "-" : at < call.argv().size() ? call.argv().get(at) : "-");
      }
    }
    boolean prints =
        call.name().matches("lynx|links|w3m|elinks|get|lwp-request")
            || (call.name().equals("fetch") && call.has("-o-"));
    if (prints) {
      outputs.add("-");
    }
    if (call.name().equals("fetch")) {
      outputs.addAll(call.values("-o"));
    }
    if (call.name().equals("aria2c") || call.name().equals("axel")) {
      outputs.clear();
      outputs.addAll(call.values("-o", "--out", "--output"));
    }
    return answered(call, outputs, outputs.isEmpty(), urls);
  }

  private static String name(Call call) {
    for (String argument : call.arguments()) {
      if (Files.sensitive(argument)
          || (Marks.has(argument, Marks.FILE) && argument.indexOf('.') > 0)) {
        call.findings()
            .block(Family.EXFILTRATION, "A host name carries data out through " + call.name());
      }
    }
    return String.valueOf(call.name().startsWith("ping") ? Marks.OUTPUT : Marks.DOWNLOAD);
  }
}
