package dev.helm.keyproxy;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The running hash over a prompt: first over all members that the model reads (model, system, tools
 * and whatever else is no message), then over each message. Cache marks are left out, so that a
 * mark that moves changes no hash.
 */
final class PrefixHashes {
  private static final int NEWEST = 64;
  private static final int MAX_MESSAGES = 20_000;
  private static final int MAX_MEMBERS = 256;

  /** A piece of the prompt: the digest of its normal form and its bytes in the body. */
  private record Part(byte[] digest, int bytes) {}

  private record Span(int from, int to) {}

  private final Body body;
  private final String betas;
  private final NormalDigest normal = new NormalDigest();
  private final Map<String, Part> members = new TreeMap<>();
  private final List<Part> messages = new ArrayList<>();
  private final Deque<Span> marks = new ArrayDeque<>();

  PrefixHashes(Body body, String betas) {
    this.body = body;
    this.betas = betas;
  }

  Body body() {
    return body;
  }

  /** The next part to be hashed has a cache mark here. */
  void mark(int from, int to) {
    marks.add(new Span(from, to));
  }

  void member(String name, int from, int to) throws Refusal {
    if (members.size() == MAX_MEMBERS) {
      throw RequestScan.refused("more than " + MAX_MEMBERS + " members; send fewer");
    }
    members.put(name, part(from, to));
  }

  void message(int from, int to) throws Refusal {
    if (messages.size() == MAX_MESSAGES) {
      throw RequestScan.refused("more than " + MAX_MESSAGES + " messages; start a shorter one");
    }
    messages.add(part(from, to));
  }

  private Part part(int from, int to) {
    int at = from;
    while (!marks.isEmpty()) {
      Span mark = marks.remove();
      body.forEach(at, mark.from(), normal::add);
      at = mark.to();
    }
    body.forEach(at, to, normal::add);
    return new Part(normal.finish(), to - from);
  }

  /** One prefix for each message boundary, the newest 64, oldest first. */
  List<ModelRequest.Prefix> newest() {
    MessageDigest sha = NormalDigest.sha256();
    sha.update(("helm-prefix-v1\0" + betas).getBytes(StandardCharsets.UTF_8));
    int bytes = 0;
    for (Map.Entry<String, Part> member : members.entrySet()) {
      sha.update((byte) 0);
      sha.update(member.getKey().getBytes(StandardCharsets.UTF_8));
      sha.update((byte) 0);
      sha.update(member.getValue().digest());
      bytes += member.getValue().bytes();
    }
    byte[] running = sha.digest();
    List<ModelRequest.Prefix> newest = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      sha.update(running);
      running = sha.digest(messages.get(i).digest());
      bytes += messages.get(i).bytes();
      if (i >= messages.size() - NEWEST) {
        newest.add(new ModelRequest.Prefix(NormalDigest.hex(running), bytes));
      }
    }
    return newest;
  }
}
