package dev.helm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.event.LoggedEvent;
import dev.helm.api.event.RunEvent;
import dev.helm.cli.http.Json;
import dev.helm.cli.http.Records;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Paint;
import dev.helm.cli.render.RunRenderer;
import dev.helm.cli.render.RunView;
import dev.helm.cli.render.SafeText;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Hostile text of agents and services, through everything that prints. */
@Timeout(120)
class TerminalSafetyTest {
  private static final String ESC = "\u001b";
  private static final List<String> CORPUS =
      List.of(
          ESC + "[31mred" + ESC + "[0m",
          ESC + "[2J" + ESC + "[1;1Hgone",
          ESC + "[8mhidden" + ESC + "[28m",
          ESC + "]0;title\u0007",
          ESC + "]8;;https://evil.test" + ESC + "\\link" + ESC + "]8;;" + ESC + "\\",
          ESC + "]52;c;cm0gLXJmIC8=\u0007",
          ESC + "]1337;File=inline=1:AAAA\u0007",
          ESC + "P$q\"p" + ESC + "\\",
          ESC + "_payload" + ESC + "\\",
          ESC + "^private" + ESC + "\\",
          ESC + "c",
          ESC + "(0lqqk",
          ESC + "[6n" + ESC + "[c",
          ESC + "[?1049h" + ESC + "[?2004h",
          "\u009b31m\u009d0;c1\u009c\u0090x\u009c",
          "allow\rdeny",
          "password\b\b\b\b\b\b\b\bnothing",
          "tab\tvtab\u000bform\u000cbell\u0007nul\u0000del\u007f",
          "line\nAllowed by owner\nline",
          "nel\u0085ls\u2028ps\u2029",
          "file\u202etxt.exe",
          "\u2066isolated\u2069\u2067r\u2068f\u2069",
          "\u202alre\u202brle\u202dlro\u202cpdf\u200elrm\u200frlm\u061calm",
          "zero\u200bwidth\u200cnon\u200djoin\u2060word\ufeffbom\u00adshy",
          "tag\udb40\udc01\udb40\udc41\udb40\udc7f",
          "fill\u3164er\u115f\u1160\uffa0",
          "lone\ud800half\udc00",
          "a" + "\u0301\u0489\u20dd".repeat(200),
          "x".repeat(100_000));

  @TempDir Path home;

  /** Whether this would act on a terminal, or hide something in it. */
  private static boolean acts(int c) {
    int type = Character.getType(c);
    return (c < 0x20 && c != '\n')
        || (c >= 0x7f && c <= 0x9f)
        || type == Character.FORMAT
        || type == Character.SURROGATE
        || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR
        || c == 0x3164
        || c == 0x115f
        || c == 0x1160
        || c == 0xffa0;
  }

  private static void safe(String where, String printed) {
    String acting =
        printed
            .codePoints()
            .filter(TerminalSafetyTest::acts)
            .mapToObj(c -> String.format("U+%04X", c))
            .distinct()
            .toList()
            .toString();
    assertThat(acting).as(where).isEqualTo("[]");
    byte[] bytes = printed.getBytes(StandardCharsets.UTF_8);
    for (byte each : bytes) {
      assertThat(each == '\n' || (each & 0xff) >= 0x20 && each != 0x7f).as(where).isTrue();
    }
    int marks = 0;
    for (int c : printed.codePoints().toArray()) {
      int type = Character.getType(c);
      boolean mark = type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK;
      marks = mark ? marks + 1 : 0;
      assertThat(marks).as("%s: marks on one letter", where).isLessThanOrEqualTo(4);
    }
  }

  @Test
  void theCorpusIsHostile() {
    for (String text : CORPUS) {
      boolean lines = text.contains("\n");
      boolean marks = text.contains("\u0489") || text.startsWith("xxx");
      assertThat(text.codePoints().anyMatch(TerminalSafetyTest::acts) || lines || marks)
          .as("positive control: %s", SafeText.line(text.substring(0, Math.min(20, text.length()))))
          .isTrue();
      safe("line", SafeText.line(text));
      assertThat(SafeText.line(text)).doesNotContain("\n");
      safe("block", SafeText.block(text));
      if (!text.contains("\ud800")) {
        String json = Json.write(Map.of("x", text));
        safe("json", json);
        assertThat(Json.object(json)).as("the meaning stays").isEqualTo(Map.of("x", text));
      }
      for (int width : new int[] {0, 20, 80}) {
        for (Line line :
            List.of(
                Line.of().add(dev.helm.cli.render.Role.TEXT, text),
                Line.of().object(dev.helm.cli.render.Role.TEXT, text),
                Line.of().prose(dev.helm.cli.render.Role.TEXT, text))) {
          List<String> rows = line.rows(width, Paint.NONE);
          safe("line of " + width, String.join("\n", rows));
          assertThat(rows).hasSizeLessThanOrEqualTo(13);
          assertThat(rows.getFirst().length()).isLessThan(200_000);
        }
      }
    }
  }

  @Test
  void noEventActsOnATerminal() throws Exception {
    List<?> golden =
        (List<?>)
            Json.read(
                Files.readString(
                    Path.of("..", "api", "src", "test", "resources", "events.golden.json")));
    assertThat(golden).hasSizeGreaterThan(20);
    RunRenderer renderer = new RunRenderer(ZoneId.of("UTC"), "owner");
    RunView view = new RunView();
    int rendered = 0;
    for (Object each : Objects.requireNonNull(golden)) {
      Map<?, ?> event = (Map<?, ?>) each;
      String type = String.valueOf(event.get("type"));
      Map<String, Object> data = members((Map<?, ?>) Objects.requireNonNull(event.get("data")));
      // A log holds no half of a pair, and no text of this length that is printed whole.
      for (String hostile :
          CORPUS.stream().filter(c -> !c.contains("\ud800") && c.length() < 10_000).toList()) {
        List<Map<String, Object>> poisoned = new ArrayList<>();
        for (String member : data.keySet()) {
          Map<String, Object> one = new LinkedHashMap<>(data);
          one.put(member, poison(data.get(member), hostile));
          poisoned.add(one);
        }
        for (Map<String, Object> one : poisoned) {
          for (String agent : List.of("main", hostile)) {
            LoggedEvent logged =
                LoggedEvent.chained(
                    "4f3a" + "0".repeat(28),
                    1,
                    "2026-03-02T14:02:11.000Z",
                    type,
                    agent,
                    one,
                    LoggedEvent.NO_PREV);
            RunEvent known = Records.event(logged);
            rendered += show(type, renderer.lines(logged, known, view));
            view.apply(logged, known);
            rendered += show(type, List.of(renderer.arriving(hostile, Instant.EPOCH)));
          }
        }
      }
    }
    assertThat(rendered).isGreaterThan(1_000);
  }

  private static int show(String type, List<Line> lines) {
    for (Line line : lines) {
      safe(type, String.join("\n", line.rows(0, Paint.NONE)));
      safe(type, String.join("\n", line.rows(40, Paint.NONE)));
    }
    return lines.size();
  }

  private static Map<String, Object> members(Map<?, ?> map) {
    Map<String, Object> members = new LinkedHashMap<>();
    map.forEach((key, value) -> members.put(String.valueOf(key), value));
    return members;
  }

  /** The same tree with every text replaced. */
  private static Object poison(Object tree, String hostile) {
    return switch (tree) {
      case String _ -> hostile;
      case List<?> list -> list.stream().map(each -> poison(each, hostile)).toList();
      case Map<?, ?> map -> {
        Map<String, Object> all = new LinkedHashMap<>();
        map.forEach((key, value) -> all.put(String.valueOf(key), poison(value, hostile)));
        yield all;
      }
      default -> tree;
    };
  }

  @Test
  void noAnswerOfTheServiceActsOnATerminal() {
    for (String hostile : CORPUS) {
      String json = quoted(hostile);
      try (TestService service = new TestService()) {
        hostileRoutes(service, json);
        for (String command :
            List.of(
                "status",
                "runs",
                "inbox",
                "start b",
                "blueprint list",
                "blueprint show b",
                "user list",
                "user password x",
                "user role x viewer",
                "token list",
                "token revoke x",
                "device list",
                "device revoke x",
                "allow x",
                "deny x",
                "answer x y",
                "steer x y",
                "pause x",
                "resume x",
                "cancel x",
                "budget x --add 1",
                "nonsense",
                "runs --nonsense")) {
          for (String json2 : List.of("", " --json")) {
            Terminal terminal = new Terminal(home, service.url()).input("old password\nnew\n");
            terminal.helm((command + json2).split(" "));
            safe(command + json2 + " out", String.join("\n", terminal.data()));
            safe(command + json2 + " words", String.join("\n", terminal.words()));
          }
        }
      }
    }
  }

  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      json.append(String.format("\\u%04x", (int) c));
    }
    return json.append('"').toString();
  }

  private static void hostileRoutes(TestService service, String x) {
    String object =
        "{\"id\":X,\"name\":X,\"status\":\"running\",\"blueprint\":X,\"project\":X,\"by\":X,"
            + "\"backend\":X,\"activeRuns\":1,\"version\":1,\"practice\":true,\"detail\":X,"
            + "\"components\":[{\"name\":X,\"state\":X,\"detail\":X}],\"kind\":X,\"run\":X,"
            + "\"runName\":X,\"deadline\":\"2099-01-01T00:00:00Z\",\"otherwise\":X,\"tool\":X,"
            + "\"object\":X,\"text\":X,\"options\":[X,X],\"arguments\":X,\"argumentsHash\":X,"
            + "\"description\":X,\"hash\":X,\"roles\":{},\"role\":\"viewer\",\"createdBy\":X,"
            + "\"expiresAt\":X,\"seenAt\":X,\"state\":X,\"waitingFor\":X,\"reason\":X,"
            + "\"password\":X,\"token\":X,\"instructions\":X,\"user\":{\"id\":X,\"name\":X},"
            + "\"startedAt\":\"2026-03-02T14:02:11.000Z\",\"createdAt\":X}";
    String one = object.replace("X", x);
    for (String path :
        List.of("status", "runs/x", "blueprints/b", "permissions/x", "users/x", "devices/x")) {
      service.on("GET /api/" + path, _ -> TestService.json(one));
    }
    for (String path : List.of("runs", "inbox", "blueprints", "users", "tokens", "devices")) {
      service.on(
          "GET /api/" + path, _ -> TestService.json("{\"items\":[" + one + "," + one + "]}"));
    }
    String problem =
        "{\"type\":\"about:blank\",\"title\":X,\"status\":409,\"detail\":X,\"code\":X,"
            + "\"winner\":{\"decision\":X,\"by\":{\"user\":X,\"device\":X},\"at\":X},"
            + "\"errors\":[{\"line\":1,\"column\":1,\"path\":X,\"message\":X,\"hint\":X}]}";
    for (String path :
        List.of("runs", "runs/x/messages", "runs/x/pause", "runs/x/resume", "runs/x/cancel")) {
      service.on("POST /api/" + path, _ -> new TestService.Answer(409, problem.replace("X", x)));
    }
  }
}
