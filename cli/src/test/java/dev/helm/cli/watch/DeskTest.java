package dev.helm.cli.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.api.Sha256;
import dev.helm.api.event.RunEvent;
import dev.helm.cli.http.HelmClient;
import dev.helm.cli.http.Records;
import dev.helm.cli.render.Line;
import dev.helm.cli.render.Paint;
import dev.helm.cli.render.RunRenderer;
import dev.helm.cli.render.RunView;
import dev.helm.cli.testing.Story;
import dev.helm.cli.testing.Terminal;
import dev.helm.cli.testing.TestService;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class DeskTest {
  private static final Instant NOW = Instant.parse("2099-03-02T14:02:40Z");

  private final TestService service = new TestService();
  private final BlockingQueue<Happening> queue = new LinkedBlockingQueue<>();
  private final RunView view = new RunView();
  private int width = 80;
  private final StringWriter terminal = new StringWriter();
  private final TerminalScreen screen =
      new TerminalScreen(new PrintWriter(terminal), () -> width, Paint.NONE);
  private final RunRenderer renderer = new RunRenderer(ZoneId.of("UTC"), "owner");
  private Desk desk;
  private Story story;

  @TempDir Path home;

  @BeforeEach
  void begin() {
    HelmClient client = HelmClient.of(new Terminal(home, service.url()).env());
    desk = new Desk(view, renderer, screen, new Requests(client, Story.RUN, queue));
    story =
        new Story(
            logged -> {
              RunEvent event = Records.event(logged);
              view.apply(logged, event);
              desk.refocus();
            });
    for (String id : List.of("p1", "p2")) {
      service.on("POST /api/permissions/" + id, _ -> TestService.json("{\"state\":\"decided\"}"));
    }
    service.on(
        "POST /api/runs/" + Story.RUN + "/messages",
        _ -> TestService.json("{\"id\":\"m\",\"state\":\"queued\"}"));
  }

  @AfterEach
  void end() {
    service.close();
  }

  private List<String> footer() {
    return desk.footer(NOW).stream().map(Line::plain).toList();
  }

  private void type(String text) {
    text.codePoints().forEach(desk::press);
    desk.press(InputLine.ENTER);
  }

  private Happening told() throws InterruptedException {
    Happening happening = queue.poll(20, TimeUnit.SECONDS);
    assertThat(happening).isNotNull();
    return happening;
  }

  /** What is pressed in the first moment belongs to something else, so wait that moment out. */
  private void settle() {
    long until = System.nanoTime() + 350_000_000L;
    while (System.nanoTime() < until) {
      Thread.onSpinWait();
    }
  }

  @Test
  void theFooterSaysWhoElseWasTold() {
    story.created().add("run.started", "epoch", 1);
    story.asked("p1", "c");
    assertThat(footer().toString()).doesNotContain("escalated");
    story.add(
        "permission.reminded",
        "permissionId",
        "p1",
        "toolUseId",
        "c",
        "stage",
        "escalated",
        "to",
        List.of("owner"),
        "deadline",
        "2099-03-02T14:32:21.000Z");
    assertThat(footer().toString())
        .contains("escalated to owner since 2026-03-02 14:02:")
        .contains("denies in");
  }

  @Test
  void theFooterNamesTheKeysThatWorkNow() {
    story.created().add("run.started", "epoch", 1);
    assertThat(footer().getLast()).endsWith(" · s steer · p pause · q quit");
    story.asked("p1", "c");
    assertThat(footer())
        .hasSize(2)
        .first()
        .isEqualTo("◆ SendEmail \"Q1 Competitor Brief\" → leadership@demo.test · denies in 29:41");
    assertThat(footer().getLast())
        .endsWith("a allow · d deny · e edit · s steer · v view · q quit");
    assertThat(desk.footer(NOW).stream().flatMap(line -> line.rows(79, Paint.NONE).stream()))
        .allSatisfy(row -> assertThat(row.length()).isLessThanOrEqualTo(79));
  }

  @Test
  void allowNeedsTheWholeCallOnTheScreenFirst() throws InterruptedException {
    story.created().asked("p1", "c");
    settle();
    desk.press('a');
    assertThat(terminal.toString()).contains("│ to: leadership@demo.test", "│ see the table.");
    assertThat(service.asked("POST /api/permissions/p1")).isEmpty();
    settle();
    desk.press('a');
    assertThat(footer().getFirst()).contains("allowing…");
    assertThat(told()).isEqualTo(new Happening.Told(""));
    assertThat(service.asked("POST /api/permissions/p1").getFirst().body())
        .isEqualTo("{\"argumentsHash\":\"" + Sha256.hex(Story.MAIL) + "\",\"decision\":\"allow\"}");
    desk.press('a');
    assertThat(service.asked("POST /api/permissions/p1")).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {30, 40, 60, 80})
  void theWholeCallIsOnTheScreenHoweverNarrowItIs(int columns) {
    width = columns;
    String command = "python3 parse.py --from " + "pages/".repeat(20) + " --to out.csv; rm -f last";
    String arguments = "{\"command\":\"" + command + "\"}";
    story
        .created()
        .add(
            "permission.requested",
            "permissionId",
            "p9",
            "toolUseId",
            "c",
            "tool",
            "Bash",
            "object",
            "python3",
            "arguments",
            arguments,
            "argumentsHash",
            Sha256.hex(arguments),
            "deadline",
            "2099-03-02T14:32:21.000Z",
            "reason",
            "");
    desk.showFocused();
    assertThat(shownCall()).isEqualTo(("command: " + command).replace(" ", ""));
    terminal.getBuffer().setLength(0);
    desk.press('v');
    assertThat(shownCall()).isEqualTo(("command: " + command).replace(" ", ""));
    assertThat(terminal.toString()).doesNotContain("…");
  }

  private String shownCall() {
    return terminal
        .toString()
        .lines()
        .filter(row -> row.contains("│ "))
        .peek(row -> assertThat(row.length()).isLessThan(width + 10))
        .map(row -> row.substring(row.indexOf("│ ") + 2).replace(" ", ""))
        .collect(Collectors.joining());
  }

  @Test
  void aNarrowTerminalHasAllKeysAndTheWholeAddress() {
    width = 40;
    story.created().asked("p1", "c");
    List<String> rows =
        desk.footer(NOW).stream().flatMap(line -> line.rows(39, Paint.NONE).stream()).toList();
    assertThat(rows).allSatisfy(row -> assertThat(row.length()).isLessThanOrEqualTo(39));
    assertThat(String.join("\n", rows))
        .contains(
            "leadership@demo.test",
            "denies in 29:41",
            "a allow",
            "d deny",
            "e edit",
            "s steer",
            "v view",
            "q quit")
        .doesNotContain("…");
  }

  @Test
  void anUnknownOutcomeOffersItsThreeAnswers() {
    story
        .created()
        .add(
            "tool.unknown",
            "toolUseId",
            "c",
            "tool",
            "SendEmail",
            "reason",
            "its end was not seen",
            "questionId",
            "u1",
            "deadline",
            "2099-03-02T14:32:21.000Z");
    assertThat(footer().getFirst()).endsWith("stays unknown in 29:41");
    assertThat(String.join("", footer())).contains("1 happened · 2 again · 3 stop", "q quit");
    desk.press('w');
    assertThat(footer().getLast()).endsWith("q quit");
  }

  @Test
  void aDigitPressedBeforeTheQuestionCouldBeReadAnswersNothing() throws InterruptedException {
    service.on("POST /api/questions/u1", _ -> TestService.json("{\"state\":\"answered\"}"));
    story
        .created()
        .add(
            "tool.unknown",
            "toolUseId",
            "c",
            "tool",
            "SendEmail",
            "reason",
            "its end was not seen",
            "questionId",
            "u1",
            "deadline",
            "2099-03-02T14:32:21.000Z");
    desk.refocus();
    desk.press('1');
    assertThat(service.asked("POST /api/questions/u1")).isEmpty();
    settle();
    desk.press('1');
    assertThat(told()).isEqualTo(new Happening.Told(""));
    assertThat(service.asked("POST /api/questions/u1")).hasSize(1);
  }

  @Test
  void steeringBesideAPermissionSaysWhenItIsRead() throws InterruptedException {
    story.created().asked("p1", "c");
    desk.press('s');
    type("only three rows");
    assertThat(told())
        .isEqualTo(
            new Happening.Told("Read after this decision; deny it to have it redone first."));
  }

  @Test
  void theClockStartsWithTheRun() {
    story.at("14:00:00").created().at("14:02:30").add("run.started", "epoch", 1);
    assertThat(view.began()).isEqualTo(Instant.parse("2026-03-02T14:02:30.000Z"));
  }

  @Test
  void aKeyPressedBeforeItCouldBeReadDoesNotAllow() {
    story.created().asked("p1", "c");
    desk.showFocused();
    desk.press('a');
    assertThat(footer().getFirst()).contains("denies in");
  }

  @Test
  void denyAsksForTheReasonAndEscapeLeaves() throws InterruptedException {
    story.created().asked("p1", "c");
    desk.press('d');
    assertThat(footer().getLast()).startsWith("Reason to deny").endsWith("_");
    desk.press(InputLine.ESCAPE);
    assertThat(footer().getLast()).contains("d deny");
    desk.press('d');
    type("too early");
    told();
    assertThat(service.asked("POST /api/permissions/p1").getFirst().body())
        .contains("\"reason\":\"too early\"", "deny");
  }

  @Test
  void severalPermissionsAreReachedByTab() {
    story.created().asked("p1", "c").asked("p2", "d");
    assertThat(String.join("", footer())).contains("1 of 2");
    desk.press('\t');
    story.decided("p2", "d", "deny", "ann");
    assertThat(view.permissions()).hasSize(1);
    assertThat(String.join("", footer())).doesNotContain("of 2");
  }

  @Test
  void aReasonForWhatIsDecidedMeanwhileIsDropped() {
    story.created().asked("p1", "c");
    desk.press('d');
    story.decided("p1", "c", "allow", "ann");
    assertThat(terminal.toString()).contains("settled already");
    assertThat(footer().getLast()).contains("s steer");
  }

  @Test
  void steeringIsTypedAndMayBePrefilled() throws InterruptedException {
    story.created();
    desk.offerSteer("Exclude any");
    desk.press(127);
    type("thing small");
    told();
    assertThat(service.asked().getFirst().body())
        .isEqualTo("{\"text\":\"Exclude anthing small\",\"when\":\"next\"}");
    desk.press('q');
    assertThat(desk.quit()).isTrue();
  }

  @Test
  void theInputLineEditsByCodePoint() {
    InputLine line = new InputLine("a😀b");
    line.type(InputLine.LEFT);
    line.type(127);
    line.type(0x1f680);
    line.type(InputLine.HOME);
    line.type('>');
    line.type(27 + 1);
    assertThat(line.text()).isEqualTo(">a\ud83d\ude80b");
    assertThat(new InputLine("x".repeat(100)).shown(20)).hasSize(20).endsWith("_");
    InputLine words = new InputLine("one two");
    words.type(23);
    assertThat(words.text()).isEqualTo("one ");
    words.type(21);
    assertThat(words.text()).isEmpty();
  }

  @Test
  void theScreenErasesExactlyWhatItDrew() {
    screen.footer(
        List.of(
            Line.of(dev.helm.cli.render.Role.TEXT, "one"),
            Line.of(dev.helm.cli.render.Role.TEXT, "two")));
    screen.print(List.of(Line.of(dev.helm.cli.render.Role.TEXT, "log")));
    screen.close();
    assertThat(terminal.toString())
        .isEqualTo("one\ntwo\r\u001b[1A\u001b[Jlog\none\ntwo\r\u001b[1A\u001b[J");
  }

  private void askedForMake() {
    story
        .created()
        .add(
            "permission.requested",
            "permissionId",
            "p1",
            "toolUseId",
            "c",
            "tool",
            "Bash",
            "arguments",
            "{\"command\":\"make\"}",
            "argumentsHash",
            "ab".repeat(32),
            "object",
            "make",
            "reason",
            "It has to be built.",
            "deadline",
            "2099-03-02T14:32:13.482Z",
            "approvers",
            2,
            "because",
            "no rule names this call",
            "risk",
            List.of("runs a shell command"),
            "remember",
            java.util.Map.of("rule", "Bash(make)", "text", "From now on."));
    settle();
  }

  @Test
  void editOpensTheArgumentsAndEnterAllowsWithThem() throws InterruptedException {
    askedForMake();
    // Not seen yet: it is shown, and nothing is opened.
    desk.press('e');
    assertThat(terminal.toString()).contains("│ command: make");
    assertThat(footer().getLast()).doesNotContain("Arguments");
    desk.press('e');
    assertThat(footer().getLast()).startsWith("Arguments").contains("{\"command\":\"make\"}");
    desk.press(InputLine.END);
    desk.press(InputLine.LEFT);
    desk.press(InputLine.LEFT);
    "-k".codePoints().forEach(desk::press);
    // In the first moment enter was meant for something else.
    desk.press(InputLine.ENTER);
    assertThat(footer().getLast()).startsWith("Arguments");
    settle();
    desk.press(InputLine.ENTER);
    told();
    assertThat(service.asked("POST /api/permissions/p1").getFirst().body())
        .contains("\"arguments\":{\"command\":\"make-k\"}", "\"decision\":\"allow\"");
  }

  @Test
  void whatIsNoObjectIsNotSent() {
    askedForMake();
    desk.showFocused();
    desk.press('e');
    desk.press('x');
    settle();
    desk.press(InputLine.ENTER);
    assertThat(terminal.toString()).contains("no JSON object");
    desk.press('e');
    assertThat(footer().getLast()).contains("x{\"command\":\"make\"}");
    desk.press(InputLine.DELETE);
    assertThat(footer().getLast()).contains("_{\"command\":\"make\"}");
    desk.press(InputLine.ESCAPE);
    assertThat(service.asked("POST /api/permissions/p1")).isEmpty();
  }

  @Test
  void aRuleIsReadBeforeItIsRemembered() throws InterruptedException {
    askedForMake();
    assertThat(String.join(" ", footer())).contains("r remember");
    desk.press('r');
    assertThat(service.asked("POST /api/permissions/p1")).isEmpty();
    desk.showFocused();
    assertThat(terminal.toString())
        .contains(
            "asked because no rule names this call",
            "touches: runs a shell command",
            "could be remembered: Bash(make)");
    desk.press('r');
    assertThat(footer().getLast()).startsWith("Allow, and from now on").contains("Bash(make)");
    desk.press(InputLine.ENTER);
    assertThat(footer().getLast()).startsWith("Allow, and from now on");
    settle();
    desk.press(InputLine.ENTER);
    told();
    assertThat(service.asked("POST /api/permissions/p1").getFirst().body())
        .contains("\"remember\":{\"rule\":\"Bash(make)\",\"scope\":\"run\"}");
  }

  private void annChangesTheArguments() {
    story.add(
        "permission.approved",
        "permissionId",
        "p1",
        "toolUseId",
        "c",
        "by",
        "ann",
        "argumentsHash",
        "cd".repeat(32),
        "arguments",
        "{\"command\":\"make other\"}",
        "have",
        1,
        "need",
        2);
  }

  /** Attack: what is asked changes while a line is open, and enter allows what nobody saw. */
  @Test
  void enterDecidesWhatStoodThereWhenTheLineWasOpened() throws InterruptedException {
    askedForMake();
    desk.showFocused();
    desk.press('e');
    annChangesTheArguments();
    settle();
    desk.press(InputLine.ENTER);
    told();
    assertThat(service.asked("POST /api/permissions/p1").getFirst().body())
        .doesNotContain("cd".repeat(32))
        .contains("\"arguments\":{\"command\":\"make\"}");
  }

  @Test
  void whoeverChangesTheArgumentsAsksTheOthersAnew() throws InterruptedException {
    askedForMake();
    desk.showFocused();
    settle();
    annChangesTheArguments();
    desk.press('a');
    assertThat(service.asked("POST /api/permissions/p1")).isEmpty();
    assertThat(terminal.toString()).contains("│ command: make other");
    settle();
    desk.press('a');
    told();
    assertThat(service.asked("POST /api/permissions/p1").getFirst().body())
        .contains("cd".repeat(32));
  }
}
