package dev.helm.activities.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.helm.activities.run.MemoryStore;
import dev.helm.activities.sandbox.Box;
import dev.helm.activities.sandbox.BoxEnd;
import dev.helm.activities.sandbox.BoxSpec;
import dev.helm.activities.sandbox.Boxes;
import dev.helm.api.Sha256;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.api.blueprint.McpServer;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ToolActivity.Reply;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The server of examples/s3-bucket against a stand-in that verifies each signature. */
@Timeout(120)
class S3ExampleTest {
  private static final String KEY_ID = "AKIDEXAMPLE00";
  private static final String SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  private static final Pattern AUTHORIZATION =
      Pattern.compile(
          "AWS4-HMAC-SHA256 Credential=([^/]+)/(\\d{8})/eu-test-1/s3/aws4_request,"
              + " SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})");

  private final Map<String, String> objects = new ConcurrentSkipListMap<>();
  private final Map<String, String> wrong = new ConcurrentHashMap<>();
  private HttpServer http;
  private volatile int status;

  @BeforeEach
  void open() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    http.createContext("/", this::serve);
    http.start();
  }

  @AfterEach
  void close() {
    http.stop(0);
  }

  private void serve(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    String mistake = mistake(exchange, body);
    String path = exchange.getRequestURI().getPath();
    if (mistake != null) {
      wrong.put(path, mistake);
      answer(exchange, 403, "<Error><Code>SignatureDoesNotMatch</Code></Error>");
    } else if (status != 0) {
      exchange.getResponseHeaders().add("Location", "http://elsewhere.test/");
      answer(exchange, status, "<Error/>");
    } else if (path.equals("/reports")) {
      String prefix = exchange.getRequestURI().getQuery().replaceAll(".*prefix=", "");
      answer(
          exchange,
          200,
          "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
              + objects.keySet().stream()
                  .filter(key -> key.startsWith(prefix))
                  .map(key -> "<Contents><Key>" + key.replace("&", "&amp;") + "</Key></Contents>")
                  .collect(Collectors.joining())
              + "</ListBucketResult>");
    } else if (exchange.getRequestMethod().equals("PUT")) {
      objects.put(path.substring("/reports/".length()), new String(body, StandardCharsets.UTF_8));
      answer(exchange, 200, "");
    } else {
      String text = objects.get(path.substring("/reports/".length()));
      answer(exchange, text == null ? 404 : 200, text == null ? "<Code>NoSuchKey</Code>" : text);
    }
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  /** What is wrong with a request's signature, computed from what came; null for nothing. */
  private static String mistake(HttpExchange exchange, byte[] body) {
    String given = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
    Matcher said = AUTHORIZATION.matcher(given);
    if (!said.matches() || !said.group(1).equals(KEY_ID)) {
      return "no authorization of this key: " + given;
    }
    String at = exchange.getRequestHeaders().getFirst("x-amz-date");
    String digest = exchange.getRequestHeaders().getFirst("x-amz-content-sha256");
    if (!digest.equals(HexFormat.of().formatHex(sha(body))) || !at.startsWith(said.group(2))) {
      return "the content's hash or the date differs";
    }
    String headers =
        Stream.of(said.group(3).split(";"))
            .map(name -> name + ":" + exchange.getRequestHeaders().getFirst(name).strip() + "\n")
            .collect(Collectors.joining());
    String query = exchange.getRequestURI().getRawQuery();
    String canonical =
        String.join(
            "\n",
            exchange.getRequestMethod(),
            exchange.getRequestURI().getRawPath(),
            query == null
                ? ""
                : Stream.of(query.split("&")).sorted().collect(Collectors.joining("&")),
            headers,
            said.group(3),
            digest);
    String text =
        String.join(
            "\n",
            "AWS4-HMAC-SHA256",
            at,
            said.group(2) + "/eu-test-1/s3/aws4_request",
            Sha256.hex(canonical));
    byte[] key = ("AWS4" + SECRET).getBytes(StandardCharsets.UTF_8);
    for (String part : List.of(said.group(2), "eu-test-1", "s3", "aws4_request", text)) {
      key = mac(key, part);
    }
    String right = HexFormat.of().formatHex(key);
    return right.equals(said.group(4)) ? null : "the signature should be " + right;
  }

  private static byte[] sha(byte[] bytes) {
    return HexFormat.of().parseHex(Sha256.hex(bytes));
  }

  private static byte[] mac(byte[] key, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  /** A box that is a process of this machine, with the environment of its spec alone. */
  private record HostBox(BoxSpec spec, Process process) implements Box {
    static Box open(BoxSpec spec) {
      try {
        ProcessBuilder builder = new ProcessBuilder(spec.argv());
        String path = System.getenv("PATH");
        builder.environment().clear();
        builder.environment().put("PATH", path);
        builder.environment().putAll(spec.env());
        return new HostBox(spec, builder.redirectError(ProcessBuilder.Redirect.DISCARD).start());
      } catch (IOException e) {
        return abort("there is no python3 here: " + e.getMessage());
      }
    }

    @Override
    public String name() {
      return spec.name();
    }

    @Override
    public InputStream out() {
      return process.getInputStream();
    }

    @Override
    public OutputStream in() {
      return process.getOutputStream();
    }

    @Override
    public CompletableFuture<BoxEnd> end() {
      return process
          .onExit()
          .thenApply(ended -> new BoxEnd(BoxEnd.Kind.EXITED, ended.exitValue(), ""));
    }

    @Override
    public String lastWords() {
      return "";
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  /** The program as the example has it. */
  private static String program() throws IOException {
    String yaml = Files.readString(Path.of("..", "examples", "s3-bucket", "blueprint.yaml"));
    int from = yaml.indexOf("      - |\n") + "      - |\n".length();
    return yaml.substring(from, yaml.indexOf("    env:\n")).stripTrailing().stripIndent();
  }

  private McpRig rig(String secret) throws IOException {
    McpServer server =
        new McpServer(
            null,
            List.of("python3", "-c", program()),
            null,
            null,
            List.of(),
            Map.of(
                "S3_ENDPOINT",
                "http://127.0.0.1:" + http.getAddress().getPort(),
                "S3_REGION",
                "eu-test-1",
                "S3_BUCKET",
                "reports"),
            List.of("S3_ACCESS_KEY", "S3_SECRET_KEY"),
            null,
            List.of(),
            30_000,
            List.of(),
            List.of("list", "get"));
    Blueprint plan = McpRig.plan(server, "mcp__s__list", "mcp__s__get");
    Boxes boxes = HostBox::open;
    return new McpRig(
        new MemoryStore(plan, "task"),
        new McpRig.MemoryPins(),
        boxes,
        McpRig.NO_DIAL,
        Map.of("S3_ACCESS_KEY", KEY_ID, "S3_SECRET_KEY", secret));
  }

  private static String call(McpRig rig, String tool, Map<String, String> arguments) {
    Reply reply = rig.call("mcp__s__" + tool, HelmJson.write(arguments));
    return rig.told(reply instanceof Reply.Waits ? rig.allow(reply) : reply);
  }

  @Test
  void objectsAreListedReadAndStoredWithRightSignatures() throws IOException {
    objects.put("2026/a b+c&d~é.csv", "n;1\n");
    objects.put("2026/plain.txt", "plain");
    objects.put("other/x", "x");
    try (McpRig rig = rig(SECRET)) {
      String told = rig.told();
      assertThat(rig.store.all(dev.helm.api.event.RunEvent.McpFailed.class)).isEmpty();
      assertThat(told).contains("mcp__s__list", "mcp__s__get", "mcp__s__put");
      assertThat(call(rig, "list", Map.of("prefix", "2026/")))
          .isEqualTo("2026/a b+c&d~é.csv\n2026/plain.txt");
      assertThat(call(rig, "get", Map.of("key", "2026/a b+c&d~é.csv"))).isEqualTo("n;1");
      // Storing acts: no rule allows it, so people are asked.
      assertThat(rig.call("mcp__s__put", "{\"key\":\"s/m.md\",\"text\":\"# Näh\"}"))
          .isInstanceOf(Reply.Waits.class);
      assertThat(call(rig, "put", Map.of("key", "s/m.md", "text", "# Näh")))
          .isEqualTo("s/m.md is stored");
      assertThat(objects).containsEntry("s/m.md", "# Näh");
      assertThat(call(rig, "get", Map.of("key", "none"))).contains("HTTP 404", "NoSuchKey");
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void anotherKeyIsRefusedAndNoRedirectIsFollowed() throws IOException {
    try (McpRig rig = rig("another-secret-key")) {
      assertThat(call(rig, "list", Map.of())).contains("HTTP 403", "SignatureDoesNotMatch");
    }
    assertThat(wrong).isNotEmpty();
    status = 307;
    try (McpRig rig = rig(SECRET)) {
      assertThat(call(rig, "list", Map.of())).contains("HTTP 307");
    }
  }
}
