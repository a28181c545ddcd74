package dev.helm.activities.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Words of the root part that must not be believed, beside one that is. */
final class EgressChainTest {
  @TempDir private Path folder;

  @Test
  void aFreshWordIsBelieved() throws Exception {
    write(word("intact", EgressChain.uptimeMs(), EgressChain.boot()));
    EgressChain.Attested attested = chain().requireIntact();
    assertThat(attested.proxy().getPort()).isEqualTo(3128);
    assertThat(attested.proxy().getAddress().getHostAddress()).isEqualTo("10.219.87.1");
    assertThat(attested.bridges()).containsExactly("br-helm0");
  }

  @Test
  void noWordIsARefusal() {
    refused("no root part keeps it");
  }

  @ParameterizedTest
  @ValueSource(strings = {"altered", "unavailable", "Intact", ""})
  void anotherStateIsARefusal(String state) throws Exception {
    write(word(state, EgressChain.uptimeMs(), EgressChain.boot()));
    refused("it is " + state);
  }

  @Test
  void anOldWordOneOfTheFutureAndOneOfAnotherBootAreRefused() throws Exception {
    write(word("intact", EgressChain.uptimeMs() - 10_500, EgressChain.boot()));
    refused("nobody has looked at it");
    write(word("intact", EgressChain.uptimeMs() + 60_000, EgressChain.boot()));
    refused("nobody has looked at it");
    write(word("intact", EgressChain.uptimeMs(), "another"));
    refused("nobody has looked at it");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "null",
        "\"intact\"",
        "{\"state\":\"intact\"}",
        "{\"state\":\"intact\",\"uptimeMs\":\"now\"}"
      })
  void whatIsNoWordIsRefused(String text) throws Exception {
    write(text);
    assertThatThrownBy(() -> chain().requireIntact()).isInstanceOf(SandboxRefused.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10.219.87.1", "localhost:3128", "10.219.87.1:x", "10.219.87.999:1"})
  void aWordWithoutAProxyIsRefused(String proxy) throws Exception {
    write(
        word("intact", EgressChain.uptimeMs(), EgressChain.boot())
            .replace("10.219.87.1:3128", proxy));
    refused("it names no proxy");
  }

  @Test
  void aFileThatOthersCouldWriteIsRefused() throws Exception {
    write(word("intact", EgressChain.uptimeMs(), EgressChain.boot()));
    for (String mode : new String[] {"rw-rw-r--", "rw-r--rw-"}) {
      Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString(mode));
      refused("is not the root part's");
    }
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r--r--"));
    assertThatThrownBy(() -> new EgressChain(file(), uid() + 1).requireIntact())
        .hasMessageContaining("is not the root part's");
  }

  @Test
  void aLinkIsRefused() throws Exception {
    Path real = folder.resolve("real");
    Files.writeString(real, word("intact", EgressChain.uptimeMs(), EgressChain.boot()));
    Files.createSymbolicLink(file(), real);
    refused("is not the root part's");
  }

  private void refused(String why) {
    assertThatThrownBy(() -> chain().requireIntact())
        .isInstanceOf(SandboxRefused.class)
        .hasMessageContaining(why);
  }

  private static String word(String state, long uptimeMs, String boot) {
    return """
        {"state":"%s","why":"","boot":"%s","uptimeMs":%d,"proxy":"10.219.87.1:3128",\
        "bridges":["br-helm0"],"droppedPackets":0}"""
        .formatted(state, boot, uptimeMs);
  }

  private void write(String text) throws IOException {
    Files.writeString(file(), text);
    Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-r--r--"));
  }

  private Path file() {
    return folder.resolve("egress-chain.json");
  }

  private EgressChain chain() {
    return new EgressChain(file(), uid());
  }

  private static int uid() {
    return Workspaces.serviceUid();
  }
}
