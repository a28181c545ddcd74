package dev.helm.service.whole;

import dev.helm.activities.practice.PracticeModel;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The model's host: the practice model behind a front that notes the key of each call, and that
 * first plays the answers which were put up, filled with what was sent to it.
 */
final class CanaryUpstream implements AutoCloseable {
  private static final Pattern KEY = Pattern.compile("(?i)\nx-api-key: ([^\r]*)\r");
  private static final Pattern LENGTH = Pattern.compile("(?i)\ncontent-length: ([0-9]+)\r");

  /** Writes one answer; {@code key} is what the call carried, {@code head} all its headers. */
  interface Fault {
    String answer(String head, String key);
  }

  final List<String> keys = new CopyOnWriteArrayList<>();
  final ConcurrentLinkedQueue<Fault> faults = new ConcurrentLinkedQueue<>();
  private final PracticeModel model;
  private final ServerSocket server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());

  CanaryUpstream(Path scenarios) throws IOException {
    model = PracticeModel.start(0, List.of(scenarios), false);
    Thread.ofVirtual().start(this::acceptForEver);
  }

  int port() {
    return server.getLocalPort();
  }

  /** An error whose body has all headers of the request, so the key too. */
  static String errorWithHeaders(int status, String head, String key) {
    String told = head.replace("\r\n", "\\n").replace("\"", "'") + " " + key;
    return error(status, "", told);
  }

  /** An error with the key in a header that is passed on otherwise. */
  static String errorWithHeader(String head, String key) {
    return error(529, "request-id: " + key + "\r\n", head.substring(0, 4));
  }

  /** An error that tells the key in base64. */
  static String errorInBase64(String head, String key) {
    byte[] told = (head.substring(0, 5) + key).getBytes(StandardCharsets.ISO_8859_1);
    return error(500, "", Base64.getEncoder().encodeToString(told));
  }

  /** A good beginning of a stream whose text is the key. */
  static String streamWithKey(String head, String key) {
    String text = "data: {\"type\":\"ping\",\"t\":\"" + head.length() + " " + key + "\"}\n\n";
    return "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        + Integer.toHexString(text.length())
        + "\r\n"
        + text
        + "\r\n0\r\n\r\n";
  }

  static String error(int status, String headers, String message) {
    String body =
        "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"" + message + "\"}}";
    return "HTTP/1.1 %d X\r\ncontent-type: application/json\r\n%scontent-length: %d\r\n\r\n%s"
        .formatted(status, headers, body.length(), body);
  }

  private void acceptForEver() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      for (String head = head(in); !head.isEmpty(); head = head(in)) {
        byte[] body = in.readNBytes(Integer.parseInt(one(LENGTH, head)));
        keys.add(one(KEY, head));
        Fault fault = faults.poll();
        OutputStream out = socket.getOutputStream();
        if (fault == null) {
          pass(head, body, out);
        } else {
          String answer = fault.answer(head, keys.getLast());
          out.write(answer.getBytes(StandardCharsets.ISO_8859_1));
        }
      }
    } catch (IOException e) {
      // The key proxy left.
    }
  }

  private void pass(String head, byte[] body, OutputStream out) throws IOException {
    try (Socket above = new Socket(InetAddress.getLoopbackAddress(), model.port())) {
      String last = head.stripTrailing() + "\r\nconnection: close\r\n\r\n";
      above.getOutputStream().write(last.getBytes(StandardCharsets.ISO_8859_1));
      above.getOutputStream().write(body);
      above.getInputStream().transferTo(out);
    }
  }

  private static String one(Pattern pattern, String head) throws IOException {
    Matcher matcher = pattern.matcher(head);
    if (!matcher.find()) {
      throw new IOException("no " + pattern + " in a call");
    }
    return matcher.group(1).strip();
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int c = in.read();
      if (c < 0) {
        return "";
      }
      head.append((char) c);
    }
    return head.toString();
  }

  @Override
  public void close() throws IOException {
    server.close();
    model.close();
  }
}
