package dev.helm.service.run;

import com.fasterxml.jackson.databind.JsonNode;
import dev.helm.api.Sha256;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;

/** A run's workspace at a step as REST shows it: every name with kind, mode, content. */
final class RestTree {
  private RestTree() {}

  /** All of it; {@code at} as REST knows it. */
  static TreeMap<String, String> of(ServiceProcess service, String run, String at)
      throws Exception {
    TreeMap<String, String> found = new TreeMap<>();
    walk(service, "/api/runs/" + run, "", at, found);
    return found;
  }

  private static void walk(
      ServiceProcess service, String run, String folder, String at, TreeMap<String, String> found)
      throws Exception {
    String query = "path=" + text(folder) + "&at=" + text(at);
    ServiceProcess.Answer list = service.get(run + "/files?limit=1000&" + query);
    if (list.status() != 200 || list.body().hasNonNull("nextCursor")) {
      throw new AssertionError(folder + ": " + list);
    }
    for (JsonNode entry : list.body().path("items")) {
      String name = entry.path("path").asText();
      String path = folder.isEmpty() || name.startsWith(folder + "/") ? name : folder + "/" + name;
      String type = entry.path("type").asText();
      String what = type + " " + entry.path("mode").asText();
      if (type.equals("directory")) {
        walk(service, run, path, at, found);
      } else {
        what += " " + entry.path("size").asLong() + " " + entry.path("target").asText();
        HttpResponse<byte[]> content =
            service.bytes(run + "/files/content?path=" + text(path) + "&at=" + at);
        what += content.statusCode() == 200 ? Sha256.hex(content.body()) : content.statusCode();
      }
      found.put(path, what);
    }
  }

  private static String text(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8);
  }
}
