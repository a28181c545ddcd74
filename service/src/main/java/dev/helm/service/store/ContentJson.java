package dev.helm.service.store;

import dev.helm.api.event.Content;
import dev.helm.workflows.HelmJson;

/** Content in a column. */
final class ContentJson {
  private ContentJson() {}

  static Content read(String json) {
    return HelmJson.read(json, Content.class);
  }
}
