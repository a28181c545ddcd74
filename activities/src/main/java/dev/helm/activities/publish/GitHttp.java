package dev.helm.activities.publish;

import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.http.HttpAnswer;
import dev.helm.activities.http.HttpCall;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Proxy;
import java.net.URL;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.HostnameVerifier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;
import org.eclipse.jgit.transport.http.HttpConnection;
import org.eclipse.jgit.transport.http.HttpConnectionFactory;
import org.jspecify.annotations.Nullable;

/**
 * JGit's HTTP through Helm's own way out: host, port and address are checked as for any tool, TLS
 * names the host, no proxy or setting of the machine has a say, and an answer has a largest size.
 */
final class GitHttp implements HttpConnection {
  private static final long TIMEOUT_MS = 120_000;
  private static final int ANSWER_BYTES_MAX = 64 << 20;

  private final Outgoing outgoing;
  private final URL url;
  private final Map<String, String> headers = new LinkedHashMap<>();
  private String method = "GET";
  private @Nullable ByteArrayOutputStream body;
  private @Nullable HttpAnswer answer;

  private GitHttp(Outgoing outgoing, URL url) {
    this.outgoing = outgoing;
    this.url = url;
  }

  static HttpConnectionFactory through(Outgoing outgoing) {
    return new HttpConnectionFactory() {
      @Override
      public HttpConnection create(URL url) {
        return new GitHttp(outgoing, url);
      }

      @Override
      public HttpConnection create(URL url, @Nullable Proxy proxy) {
        return new GitHttp(outgoing, url);
      }
    };
  }

  private HttpAnswer answer() throws IOException {
    HttpAnswer known = answer;
    if (known != null) {
      return known;
    }
    boolean secure = url.getProtocol().equals("https");
    int port = url.getPort() >= 0 ? url.getPort() : url.getDefaultPort();
    HttpAnswer fresh;
    try {
      fresh =
          new HttpCall(outgoing)
              .make(
                  outgoing.route(url.getHost(), port, secure),
                  new HttpCall.Request(
                      method,
                      url.getFile(),
                      headers,
                      HttpCall.Body.of(body == null ? null : body.toByteArray())),
                  TIMEOUT_MS,
                  ANSWER_BYTES_MAX);
    } catch (Outgoing.Refused e) {
      throw new IOException(e.reason(), e);
    }
    if (fresh.cut()) {
      throw new IOException(
          "what the repository sends is larger than " + (ANSWER_BYTES_MAX >> 20) + " MB");
    }
    answer = fresh;
    return fresh;
  }

  private @Nullable HttpAnswer known() {
    try {
      return answer();
    } catch (IOException e) {
      return null;
    }
  }

  @Override
  public int getResponseCode() throws IOException {
    return answer().status();
  }

  @Override
  public URL getURL() {
    return url;
  }

  @Override
  public String getResponseMessage() throws IOException {
    return "HTTP " + answer().status();
  }

  @Override
  public Map<String, List<String>> getHeaderFields() {
    Map<String, List<String>> fields = new LinkedHashMap<>();
    HttpAnswer known = known();
    if (known != null) {
      known.headers().forEach((name, value) -> fields.put(name, List.of(value)));
    }
    return fields;
  }

  @Override
  public void setRequestProperty(String key, String value) {
    // An answer is read as it is.
    if (!key.equalsIgnoreCase("Accept-Encoding")) {
      headers.put(key, value);
    }
  }

  @Override
  public void setRequestMethod(String name) {
    method = name;
  }

  @Override
  public @Nullable String getContentType() {
    return getHeaderField("content-type");
  }

  @Override
  public InputStream getInputStream() throws IOException {
    return new ByteArrayInputStream(answer().body());
  }

  @Override
  public @Nullable String getHeaderField(String name) {
    HttpAnswer known = known();
    return known == null ? null : known.headers().get(name.toLowerCase(Locale.ROOT));
  }

  @Override
  public List<String> getHeaderFields(String name) {
    String value = getHeaderField(name);
    return value == null ? new ArrayList<>() : List.of(value);
  }

  @Override
  public int getContentLength() {
    HttpAnswer known = known();
    return known == null ? -1 : known.body().length;
  }

  @Override
  public OutputStream getOutputStream() {
    if (body == null) {
      body = new ByteArrayOutputStream();
    }
    return Objects.requireNonNull(body);
  }

  @Override
  public String getRequestMethod() {
    return method;
  }

  @Override
  public boolean usingProxy() {
    return false;
  }

  @Override
  public void connect() {
    // The request is made when its answer is asked for: a body may still come.
  }

  @Override
  public void setUseCaches(boolean use) {}

  @Override
  public void setConnectTimeout(int timeoutMs) {}

  @Override
  public void setReadTimeout(int timeoutMs) {}

  @Override
  public void setInstanceFollowRedirects(boolean follow) {}

  @Override
  public void setDoOutput(boolean output) {}

  @Override
  public void setFixedLengthStreamingMode(int length) {}

  @Override
  public void setChunkedStreamingMode(int length) {}

  @Override
  public void configure(
      KeyManager @Nullable [] keys,
      TrustManager @Nullable [] trust,
      java.security.@Nullable SecureRandom random) {
    // Trust is Helm's alone.
  }

  @Override
  public void setHostnameVerifier(HostnameVerifier verifier) {
    // The name is always verified.
  }
}
