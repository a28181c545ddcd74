package dev.helm.workflows.decide.guard;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Code that runs other code: what it downloads, decodes or finds by a name that cannot be told. */
final class Evaluation {
  static final Pattern DOWNLOADS =
      Pattern.compile(
          "urlopen|urlretrieve|requests\\.(?:get|post|Session)|urllib|https?['\"]?\\)?\\.(?:get|request)\\b|\\bfetch\\(|LWP|open-uri|URI\\.open|URI\\(|\\bURI\\b\\.parse|Net::HTTP|file_get_contents\\(\\s*['\"](?:https?|ftp):|(?:include|require)(?:_once)?\\s*\\(?\\s*['\"](?:https?|ftp):|httpx|aiohttp|http\\.client|curl_exec|HTTP::Tiny|axios|socket\\.http|\\bget\\s*\\(?\\s*['\"]https?:|\\bgot\\(|DownloadString|WebClient|Invoke-WebRequest|\\biwr\\b|\\birm\\b|fopen\\(\\s*['\"]https?:");
  private static final Pattern HIDES =
      Pattern.compile(
          "b64decode|b85decode|b32decode|fromhex|unhexlify|decompress|marshal\\.loads|rot_?13|base64_decode|decode64|decode_base64|atob\\(|fromCharCode|hex2bin|unpack|gzinflate|gzuncompress|str_rot13|frombase64|inflateSync|gunzipSync|\\bchr\\(|\\btr/|\\by/|importlib\\.import_module\\([^'\"]|\\[::-1\\]|['\"]base64['\"]|['\"]hex['\"]");

  /** Something other than a constant. Constants are blanked before. */
  private static final String COMPUTED =
      "\\s*+\\(?+\\s*+(?:[$@A-Za-z_(<{`]|['\"]{2}\\s*[.+%]\\s*[$@A-Za-z_(]|\\[\\s*[$@A-Za-z_(])";

  /** Runs a text of its own language. */
  private static final Pattern EVALUATES =
      Pattern.compile(
          "(?<![.\\w])(?:exec|eval|execfile|loadstring|load|dofile|assert)"
              + COMPUTED
              + "|new Function\\s*\\(|(?<![.\\w])Function\\(|[(,=]\\s*eval\\s*[),;]|runIn\\w*Context|(?:instance|class|module)_eval|\\b(?:pickle|marshal|dill|cloudpickle)\\.loads?\\(|Marshal\\.load|\\bunserialize\\(|yaml\\.(?:unsafe_load|load)\\((?![^)]*Safe)|(?:include|require)(?:_once)?\\s*\\(?\\s*['\"](?:https?|ftp):|\\(eval\\)|\\bIEX\\b|Invoke-Expression|\\biex\\b|\\bbinding\\.eval|(?<![.\\w])compile"
              + COMPUTED
              + "|\\._compile\\(|import\\(\\s*(?!['\"])");

  /** Hands a text that is computed to a shell. */
  private static final Pattern SHELLS =
      Pattern.compile(
          "(?:os\\.system|\\bpopen[234]?|getoutput|getstatusoutput|(?<![.\\w])system|shell_exec|passthru|proc_open|pcntl_exec|execSync|spawnSync|create_subprocess_\\w++|os\\.exec\\w++|IO\\.popen|Open3\\.\\w++|os\\.execute)"
              + COMPUTED
              + "|(?:spawn|[Pp]open|run|call|check_output|check_call|exec\\w*)\\w*\\s*\\(\\s*\\[?\\s*['\"](?:/usr)?(?:/bin/)?(?:ba|da|z|k|a)?sh['\"](?!\\s*,\\s*\\[?['\"]-c['\"]\\s*,\\s*['\"])"
              + "|['\"]-c['\"]\\s*,\\s*(?!['\"])[\\w$(]|\\bqx\\b|`[^`\\n]*[$#]\\{?\\w");

  private static final Pattern PROCESS_CALL =
      Pattern.compile(
          "(?:subprocess\\.\\w++|child_process['\"]?\\)?\\.\\w++|(?<![.\\w])exec\\w*+)" + COMPUTED);

  private static final Pattern NAMELESS =
      Pattern.compile(
          "getattr\\(\\s*(?:os|shutil|subprocess|builtins|__builtins__|ctypes|pty|socket|signal|sys\\.modules\\W[^,]*|__import__\\([^)]*\\))\\s*,\\s*(?!['\"])"
              + "|__import__\\(\\s*(?!['\"])(?!\\w+\\s*[),])|\\brequire\\(\\s*(?!['\"`])(?=[^)]*(?:Buffer|fromCharCode|atob|reverse|\\bjoin\\(['\"]{2}|\\[))"
              + "|\\bprocess\\[(?!['\"])|\\bglobalThis\\[(?!['\"])|\\bglobal\\[(?!['\"])"
              + "|(?:Kernel|FileUtils|Process|IO|Object)\\.(?:public_send|__send__|send|method)\\(?\\s*(?![:'\"\\s])"
              + "|__builtins__\\W{0,3}\\.?__dict__\\W?\\[(?!['\"])");

  /** Reads from a connection. */
  private static final Pattern SERVED =
      Pattern.compile(
          "\\brecv\\w*\\(|socketserver|StreamRequestHandler|\\.accept\\(|socket_read|TCPServer|TCPSocket[^;]{0,80}[^\\n]{0,80}\\bgets\\b|createServer\\(.{0,120}(?:exec|spawn)");

  private Evaluation() {}

  static void judge(Call call, String language, String code, String folded) {
    String blank = blank(folded);
    boolean downloads = DOWNLOADS.matcher(code).find() || DOWNLOADS.matcher(folded).find();
    boolean evaluates = EVALUATES.matcher(blank).find() || EVALUATES.matcher(blank(code)).find();
    boolean shells = SHELLS.matcher(blank).find();
    if (remote(folded) || downloads && (evaluates || shells)) {
      call.findings().block(Family.DOWNLOAD_TO_SHELL, "The code runs what it downloads");
      return;
    }
    boolean started = PROCESS_CALL.matcher(blank).find();
    if (SERVED.matcher(blank).find() && (evaluates || shells || started)) {
      call.findings().block(Family.REVERSE_SHELL, "The code runs what another machine sends");
    }
    inner(call, language, folded);
    boolean hidden = HIDES.matcher(folded).find();
    if (downloads && started && !blank.contains("sys.executable")) {
      call.findings().unclear("The code may run what it downloads");
    } else if (hidden && (evaluates || shells || started)) {
      call.findings().unclear("The code runs text that it decodes first");
    } else if (NAMELESS.matcher(blank).find()) {
      call.findings().unclear("The code calls by a name that cannot be told");
    }
  }

  /** Code straight from a URL, named by a constant. */
  private static boolean remote(String code) {
    return code.matches(
        "(?s).*(?:(?:include|require)(?:_once)?\\s*\\(?\\s*['\"](?:https?|ftp):|import\\(\\s*['\"](?:https?|data):).*");
  }

  /** Constants that are run are read as code. */
  private static void inner(Call call, String language, String folded) {
    Matcher literal =
        Pattern.compile(
                "(?<![.\\w])(?:exec|eval|compile|Function|loadstring|load|instance_eval|runInThisContext|assert)\\s*\\(?\\s*(?:compile\\(\\s*)?"
                    + Folding.LITERAL)
            .matcher(folded);
    while (literal.find() && call.walker().limits().depth() < 6) {
      call.walker().limits().enter();
      Code.judge(call, language, Folding.inside(literal.toMatchResult(), 1));
      call.walker().limits().leave();
    }
  }

  /** The code with nothing in its strings but short words and addresses' beginnings. */
  static String blank(String code) {
    Matcher literal = Pattern.compile(Folding.LITERAL).matcher(code);
    StringBuilder out = new StringBuilder();
    while (literal.find()) {
      String inside = literal.group(1) != null ? literal.group(1) : literal.group(2);
      boolean kept =
          inside != null
              && inside.matches(
                  "(?s)(?:/usr)?(?:/bin/)?\\w{0,5}sh|-c|(?:https?|ftp)://?.*|base64|hex");
      literal.appendReplacement(
          out,
          Matcher.quoteReplacement(
              kept ? "'" + String.valueOf(inside).replaceFirst("(?s)://.*", "://") + "'" : "''"));
    }
    return literal.appendTail(out).toString();
  }
}
