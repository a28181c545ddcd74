package dev.helm.activities.practice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoSiteTest {
  private static final Path PAGES = Path.of("..", "examples", "q1-competitor-brief", "site");
  @TempDir Path temp;
  private DemoSite site;
  private TlsFetch fetch;

  @BeforeEach
  void start() throws Exception {
    site = DemoSite.start(0, PAGES, List.of(), temp.resolve("ca.pem"));
    fetch = new TlsFetch(site.port(), temp.resolve("ca.pem"));
  }

  @AfterEach
  void stop() throws IOException {
    site.close();
  }

  @Test
  void servesEightFictitiousPagesWithTwelvePostsEach() throws Exception {
    assertThat(site.hosts()).hasSize(8);
    int rows = 0;
    for (String host : site.hosts()) {
      byte[] bytes = fetch.get("https://" + host + "/blog");
      String page = new String(bytes, StandardCharsets.UTF_8);
      assertThat(bytes).hasSizeBetween(20_000, 60_000);
      assertThat(page.split("<article", -1)).hasSize(13);
      assertThat(page).contains("is fictitious").doesNotContain("<script");
      rows += page.split("class=\"announcement\"", -1).length - 1;
    }
    assertThat(rows).isEqualTo(142);
  }

  @Test
  void nameAddressAndPathHaveToFit() throws Exception {
    String host = "tidewicket.demo.test";
    assertThat(fetch.raw(host, host, "/blog/index.html", "TLSv1.3")).startsWith("HTTP/1.1 200");
    assertThat(fetch.raw(host, "larkmoss.demo.test", "/blog", "TLSv1.3"))
        .startsWith("HTTP/1.1 421");
    for (String path :
        List.of("/", "/nope", "/../larkmoss/blog", "/%2e%2e/larkmoss", "//blog", "/blog/.x")) {
      assertThat(fetch.raw(host, host, path, "TLSv1.3")).as(path).startsWith("HTTP/1.1 404");
    }
    assertThatThrownBy(() -> fetch.raw("other.demo.test", host, "/blog", "TLSv1.3"))
        .isInstanceOf(SSLException.class);
    assertThatThrownBy(() -> fetch.raw(host, host, "/blog", "TLSv1.2"))
        .isInstanceOf(SSLException.class);
  }

  @Test
  void onlyAnInboxTakesWhatIsPosted() throws Exception {
    Path inbox = Files.createDirectories(temp.resolve("pages/one/inbox"));
    Files.writeString(inbox.resolve("index.html"), "inbox");
    Files.createDirectories(temp.resolve("pages/two"));
    Path ca = temp.resolve("posts.pem");
    List<String> posted = new ArrayList<>();
    try (DemoSite site = DemoSite.start(0, temp.resolve("pages"), List.of(), ca, posted::add)) {
      TlsFetch to = new TlsFetch(site.port(), ca);
      assertThat(to.post("one.demo.test", "/inbox", "{\"a\":\n\u001b[2J1}"))
          .startsWith("HTTP/1.1 200");
      assertThat(posted).containsExactly("one.demo.test {\"a\":  [2J1}");
      assertThat(to.post("one.demo.test", "/inbox/index.html", "x")).startsWith("HTTP/1.1 405");
      assertThat(to.post("two.demo.test", "/inbox", "x")).startsWith("HTTP/1.1 404");
      assertThat(to.post("one.demo.test", "/inbox", "x".repeat(65 << 10)))
          .startsWith("HTTP/1.1 413");
      assertThat(posted).hasSize(1);
    }
  }

  @Test
  void linksOutAreNotFollowed() throws Exception {
    Path pages = Files.createDirectories(temp.resolve("pages/one"));
    Files.writeString(temp.resolve("secret.html"), "secret");
    Files.createSymbolicLink(pages.resolve("a.html"), temp.resolve("secret.html"));
    Files.createSymbolicLink(pages.resolve("up"), temp);
    Path ca = temp.resolve("other.pem");
    try (DemoSite other = DemoSite.start(0, temp.resolve("pages"), List.of("one"), ca)) {
      TlsFetch from = new TlsFetch(other.port(), ca);
      for (String path : List.of("/a.html", "/up/secret.html")) {
        assertThat(from.raw("one.demo.test", "one.demo.test", path, "TLSv1.3"))
            .startsWith("HTTP/1.1 404");
      }
    }
  }

  @Test
  void anotherStartIsAnotherAuthority() throws Exception {
    Path ca = temp.resolve("second.pem");
    try (DemoSite second = DemoSite.start(0, PAGES, List.of("larkmoss"), ca)) {
      TlsFetch wrong = new TlsFetch(second.port(), temp.resolve("ca.pem"));
      assertThatThrownBy(() -> wrong.get("https://larkmoss.demo.test/blog"))
          .isInstanceOf(SSLException.class);
      assertThat(new TlsFetch(second.port(), ca).get("https://larkmoss.demo.test/blog"))
          .isNotEmpty();
    }
    assertThatThrownBy(() -> DemoSite.start(0, PAGES, List.of("../x"), ca))
        .hasMessageContaining("--host ../x");
  }
}
