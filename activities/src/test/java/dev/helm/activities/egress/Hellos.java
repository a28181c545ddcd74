package dev.helm.activities.egress;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** TLS hellos, well formed and not. */
final class Hellos {
  static final int SERVER_NAME = 0;

  private Hellos() {}

  /** A hello that asks for one server. */
  static byte[] named(String name) {
    return record(hello(List.of(extension(SERVER_NAME, list(entry(0, name))))));
  }

  static byte[] record(byte[] content) {
    return record(22, content);
  }

  static byte[] record(int type, byte[] content) {
    return concat(
        new byte[] {(byte) type, 3, 1, (byte) (content.length >> 8), (byte) content.length},
        content);
  }

  /** The handshake message, in no record yet. */
  static byte[] hello(List<byte[]> extensions) {
    byte[] all = concat(extensions.toArray(new byte[0][]));
    byte[] body =
        concat(
            new byte[] {3, 3},
            new byte[32],
            new byte[] {0, 0, 2, 0x13, 1, 1, 0},
            new byte[] {(byte) (all.length >> 8), (byte) all.length},
            all);
    return concat(new byte[] {1, 0, (byte) (body.length >> 8), (byte) body.length}, body);
  }

  static byte[] extension(int type, byte[] body) {
    return concat(
        new byte[] {(byte) (type >> 8), (byte) type, (byte) (body.length >> 8), (byte) body.length},
        body);
  }

  static byte[] list(byte[]... entries) {
    byte[] all = concat(entries);
    return concat(new byte[] {(byte) (all.length >> 8), (byte) all.length}, all);
  }

  static byte[] entry(int type, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    return concat(new byte[] {(byte) type, (byte) (bytes.length >> 8), (byte) bytes.length}, bytes);
  }

  /** The same handshake message in records of this many bytes. */
  static byte[] inPieces(byte[] message, int bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int at = 0; at < message.length; at += bytes) {
      out.writeBytes(record(Arrays.copyOfRange(message, at, Math.min(message.length, at + bytes))));
    }
    return out.toByteArray();
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
