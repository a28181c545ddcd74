package dev.helm.activities.practice;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** The few pieces of DER (X.690) that a certificate is made of. */
final class Der {
  private Der() {}

  static byte[] tlv(int tag, byte[]... parts) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      body.writeBytes(part);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    int length = body.size();
    if (length < 0x80) {
      out.write(length);
    } else {
      byte[] bytes = BigInteger.valueOf(length).toByteArray();
      int from = bytes[0] == 0 ? 1 : 0;
      out.write(0x80 | (bytes.length - from));
      out.write(bytes, from, bytes.length - from);
    }
    out.writeBytes(body.toByteArray());
    return out.toByteArray();
  }

  static byte[] sequence(byte[]... parts) {
    return tlv(0x30, parts);
  }

  static byte[] set(byte[]... parts) {
    return tlv(0x31, parts);
  }

  static byte[] integer(BigInteger value) {
    return tlv(0x02, value.toByteArray());
  }

  static byte[] bool() {
    return tlv(0x01, new byte[] {(byte) 0xff});
  }

  static byte[] octets(byte[] content) {
    return tlv(0x04, content);
  }

  static byte[] bits(int unused, byte[] content) {
    return tlv(0x03, new byte[] {(byte) unused}, content);
  }

  static byte[] utf8(String text) {
    return tlv(0x0c, text.getBytes(StandardCharsets.UTF_8));
  }

  static byte[] utcTime(Instant at) {
    DateTimeFormatter format =
        DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);
    return tlv(0x17, format.format(at).getBytes(StandardCharsets.US_ASCII));
  }

  static byte[] oid(int... arcs) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(arcs[0] * 40 + arcs[1]);
    for (int i = 2; i < arcs.length; i++) {
      for (int shift = 28; shift > 0; shift -= 7) {
        if (arcs[i] >>> shift != 0) {
          out.write(0x80 | (arcs[i] >>> shift & 0x7f));
        }
      }
      out.write(arcs[i] & 0x7f);
    }
    return tlv(0x06, out.toByteArray());
  }
}
