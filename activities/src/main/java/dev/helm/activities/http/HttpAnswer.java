package dev.helm.activities.http;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/**
 * An answer. All of it is foreign.
 *
 * @param headers by lower-case name; of a repeated one all, with commas between them
 * @param body its beginning, at most as long as was asked for
 * @param cut whether there was more of it
 */
public record HttpAnswer(int status, Map<String, String> headers, byte[] body, boolean cut) {
  /** A header's value, empty when there is none. */
  public String header(String lowerCaseName) {
    return headers.getOrDefault(lowerCaseName, "");
  }

  /** Reads one answer to its end, or to {@code bodyBytesMax} of its body. */
  static HttpAnswer read(InputStream in, String method, int bodyBytesMax) throws IOException {
    AnswerStream answer = AnswerStream.read(in, method);
    byte[] body = answer.body().readNBytes(bodyBytesMax);
    return new HttpAnswer(
        answer.status(),
        answer.headers(),
        body,
        body.length == bodyBytesMax && more(answer.body()));
  }

  /** What breaks off behind what is wanted has more, too. */
  private static boolean more(InputStream body) {
    try {
      return body.read() >= 0;
    } catch (IOException e) {
      return true;
    }
  }
}
