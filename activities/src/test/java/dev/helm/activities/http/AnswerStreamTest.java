package dev.helm.activities.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerStreamTest {
  private static InputStream sent(String text) {
    return new ByteArrayInputStream(
        text.replace("|", "\r\n").getBytes(StandardCharsets.ISO_8859_1));
  }

  private static HttpAnswer whole(String text, int bytesMax) throws IOException {
    return HttpAnswer.read(sent(text), "GET", bytesMax);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "HTTP/1.1 200 OK|Content-Length: 5||hello and more ~ hello",
        "HTTP/1.0 200 OK||hello ~ hello",
        "HTTP/1.1 100 go on||HTTP/1.1 200 OK|transfer-encoding: Chunked||2|he|3;x=y|llo|0|| ~ hello",
        "HTTP/1.1 204 none|Content-Length: 5||hello ~ ''",
      })
  void answersAreReadToTheirEnd(String text, String body) throws IOException {
    HttpAnswer answer = whole(text.strip(), 100);
    assertThat(new String(answer.body(), StandardCharsets.US_ASCII).strip()).startsWith(body);
    assertThat(answer.cut()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        // What one reader takes for the end is another's middle.
        "HTTP/1.1 200 OK|Content-Length: 3|Transfer-Encoding: chunked||3|abc|0||~ says twice",
        "HTTP/1.1 200 OK|Content-Length: 3|Content-Length: 5||hello~ is no number",
        "HTTP/1.1 200 OK|Transfer-Encoding: gzip, chunked||3|abc|0||~ unknown coding",
        "HTTP/1.1 200 OK|Content-Length: -1||~ is no number",
        "HTTP/1.1 200 OK|Content-Length: 9||hello~ broke off",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked||9|hello~ broke off",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked||2|hello|0||~ longer than it says",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked||-1|~ has no length",
        "HTTP/1.1 200 OK|no colon||~ has no name",
        "HTTP/2 200|~ HTTP/1.1",
        "HTTP/1.1 200 OK|A: ~ before it had answered",
      })
  void whatCannotBeReadInOneWayIsAnError(String text, String why) {
    assertThatThrownBy(() -> whole(text.strip(), 100))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(why.strip());
  }

  @Test
  void aHeadAndItsForerunnersAreBounded() {
    assertThatThrownBy(() -> whole("HTTP/1.1 200 OK|" + "A: b|".repeat(20_000), 100))
        .hasMessageContaining("too long");
    assertThatThrownBy(() -> whole("HTTP/1.1 103 x||".repeat(100), 100))
        .hasMessageContaining("interim");
  }

  @Test
  void moreThanIsWantedIsCutHoweverItEnds() throws IOException {
    for (String text :
        new String[] {
          "HTTP/1.1 200 OK|Content-Length: 5||hello",
          "HTTP/1.1 200 OK|Content-Length: 50||hello",
          "HTTP/1.1 200 OK|Transfer-Encoding: chunked||5|hello|0||",
          "HTTP/1.1 200 OK||hello"
        }) {
      HttpAnswer answer = whole(text, 4);
      assertThat(new String(answer.body(), StandardCharsets.US_ASCII)).isEqualTo("hell");
      assertThat(answer.cut()).isTrue();
    }
    assertThat(whole("HTTP/1.1 200 OK|Content-Length: 5||hello", 5).cut()).isFalse();
  }
}
