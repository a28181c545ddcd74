package dev.helm.cli.http;

import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * An answer of the service.
 *
 * @param status HTTP status
 * @param body the body's text
 */
public record Reply(int status, String body) {
  /** The body as a tree. */
  public Map<String, Object> tree() {
    try {
      return Json.object(body);
    } catch (IllegalArgumentException e) {
      throw strange(e);
    }
  }

  /** The body as one of api's records. */
  public <T extends Record> T as(Class<T> type) {
    try {
      return Records.read(type, Json.object(body));
    } catch (IllegalArgumentException e) {
      throw strange(e);
    }
  }

  /** The {@code items} of a page. */
  public <T extends Record> List<T> items(Class<T> type) {
    Object items = tree().get("items");
    if (!(items instanceof List<?> list)) {
      throw strange(new IllegalArgumentException("no items"));
    }
    try {
      return list.stream()
          .filter(Objects::nonNull)
          .map(item -> Records.read(type, Json.members((Map<?, ?>) item)))
          .toList();
    } catch (IllegalArgumentException | ClassCastException e) {
      throw strange(e);
    }
  }

  /** The body on one line, for {@code --json}. */
  public String json() {
    return Json.write(tree());
  }

  private static Failure strange(RuntimeException cause) {
    return new Failure(
        ExitCode.FAILED,
        "The service's answer is not what this helm understands.",
        "Compare \"helm version\" with the service's version; HELM_URL may name something else.",
        "",
        cause);
  }
}
