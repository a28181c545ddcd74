package dev.helm.activities.egress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.sandbox.SlotDoor;
import dev.helm.activities.sandbox.Workspaces;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every trick through a real slot's socket: refused, told, and nothing arrives; and through a proxy
 * that lacks the safeguard, where it arrives.
 */
@Timeout(120)
final class EgressTricksTest {
  private static final String SLOT = "0123abcd";
  private static final int AT_ONCE = 16;

  @TempDir private Path directory;

  @Test
  void noTrickGetsOut() throws Exception {
    List<Trick> tricks = TrickLab.tricks();
    assertThat(tricks).hasSizeGreaterThanOrEqualTo(150).doesNotHaveDuplicates();
    try (TrickLab lab = new TrickLab(Duration.ofMillis(600));
        AutoCloseable door = lab.proxy().open(SLOT, directory, Workspaces.defaultOwnerUid());
        AutoCloseable grant = lab.grants().grant(SLOT, "call", TrickLab.GRANTED)) {
      allowedWorks(lab);
      lab.dialled().clear();
      lab.attempts().clear();
      int before = lab.canaryConnections();
      List<String> answers = playAll(tricks, directory.resolve("egress.sock"));
      List<String> through = new ArrayList<>();
      for (int i = 0; i < tricks.size(); i++) {
        if (answers.get(i).contains("canary")) {
          through.add(tricks.get(i) + " -> " + answers.get(i));
        }
      }
      assertThat(through).as("tricks that got an answer from outside").isEmpty();
      assertThat(lab.dialled()).as("addresses that were dialled").isEmpty();
      assertThat(lab.canaryConnections()).isEqualTo(before);
      assertThat(lab.attempts()).noneMatch(EgressAttempt::allowed);
      assertThat(lab.attempts())
          .allMatch(attempt -> attempt.host().matches("[\\x21-\\x7e]{0,255}"));
      lab.awaitAttempts(tricks.size());
      int told = lab.attempts().size();
      allowedWorks(lab);
      report(tricks, told);
    }
  }

  @Test
  void eachTrickGetsOutWhereItsSafeguardIsMissing() throws Exception {
    Map<Trick.Lacks, List<Trick>> kinds = new EnumMap<>(Trick.Lacks.class);
    TrickLab.tricks()
        .forEach(
            trick -> kinds.computeIfAbsent(trick.lacks(), kind -> new ArrayList<>()).add(trick));
    try (TrickLab lab = new TrickLab(Duration.ofSeconds(5))) {
      for (Map.Entry<Trick.Lacks, List<Trick>> kind : kinds.entrySet()) {
        Path sockets = Files.createTempDirectory(directory, "n");
        SlotDoor naive = lab.naive(kind.getKey());
        try (AutoCloseable door = naive.open(SLOT, sockets, Workspaces.defaultOwnerUid())) {
          for (Trick trick : kind.getValue()) {
            int before = lab.canaryConnections();
            String answer = play(trick, sockets.resolve("egress.sock"));
            assertThat(answer).as("%s reaches the canary", trick).contains("canary");
            assertThat(lab.canaryConnections()).isEqualTo(before + 1);
          }
        }
      }
      assertThat(lab.canaryBytes()).isPositive();
    }
  }

  private void allowedWorks(TrickLab lab) throws IOException {
    int before = lab.canaryConnections();
    assertThat(play(TrickLab.allowed(), directory.resolve("egress.sock"))).endsWith("canary");
    assertThat(lab.canaryConnections()).isEqualTo(before + 1);
    assertThat(lab.dialled().getLast())
        .isEqualTo(new InetSocketAddress(AnswerTricks.address("1.1.1.1"), 443));
    assertThat(lab.attempts().getLast().allowed()).isTrue();
  }

  private static void report(List<Trick> tricks, int told) {
    Map<Trick.Lacks, Integer> counts = new EnumMap<>(Trick.Lacks.class);
    tricks.forEach(trick -> counts.merge(trick.lacks(), 1, Integer::sum));
    System.out.printf(
        "egress tricks: %d tried %s, %d refused, %d told as events, 0 bytes at the canary%n",
        tricks.size(), counts, tricks.size(), told);
  }

  private static List<String> playAll(List<Trick> tricks, Path socket) throws Exception {
    try (ExecutorService players = Executors.newFixedThreadPool(AT_ONCE)) {
      List<Callable<String>> plays = new ArrayList<>();
      for (Trick trick : tricks) {
        plays.add(() -> play(trick, socket));
      }
      List<String> answers = new ArrayList<>();
      for (var answer : players.invokeAll(plays)) {
        answers.add(answer.get());
      }
      return answers;
    }
  }

  /** All that came back. */
  private static String play(Trick trick, Path socket) throws IOException {
    StringBuilder answer = new StringBuilder();
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      ByteBuffer head = ByteBuffer.wrap(trick.head());
      while (head.hasRemaining()) {
        client.write(head);
      }
      ByteBuffer buffer = ByteBuffer.allocate(4096);
      boolean said = false;
      while (client.read(buffer) >= 0) {
        answer.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
        buffer.clear();
        if (!said && answer.indexOf(" 200 Connection") > 0) {
          client.write(ByteBuffer.wrap(trick.then()));
          said = true;
        }
      }
    } catch (IOException e) {
      // Closed with bytes of ours unread: the kernel says reset.
    }
    return answer.toString();
  }
}
