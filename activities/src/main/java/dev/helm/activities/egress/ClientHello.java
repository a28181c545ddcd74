package dev.helm.activities.egress;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Collects the start of a TLS connection until the client's hello is whole and says which server
 * name it asks for. Handles hellos cut into any number of records and reads; refuses what it does
 * not understand.
 */
final class ClientHello {
  /** Post-quantum key shares make hellos of about 2 KB; this leaves room. */
  static final int MAX_BYTES = 16 << 10;

  private static final int RECORD_HANDSHAKE = 22;
  private static final int HELLO = 1;
  private static final int EXTENSION_SERVER_NAME = 0;
  private static final int EXTENSION_ENCRYPTED_HELLO = 0xfe0d;
  private static final int NAME_IS_HOST = 0;

  private final ByteArrayOutputStream seen = new ByteArrayOutputStream();

  /** All bytes so far, to be sent on as they came. */
  byte[] bytes() {
    return seen.toByteArray();
  }

  /**
   * Takes more bytes.
   *
   * @return the server name as it is in the hello, or null if the hello is not whole yet
   * @throws EgressDenied not TLS, no name, or a hello that hides it
   */
  @Nullable String take(ByteBuffer more) throws EgressDenied {
    while (more.hasRemaining()) {
      seen.write(more.get());
    }
    if (seen.size() > MAX_BYTES) {
      throw new EgressDenied("the TLS hello is larger than " + MAX_BYTES + " bytes");
    }
    byte[] message = message(ByteBuffer.wrap(seen.toByteArray()));
    if (message == null) {
      return null;
    }
    try {
      return serverName(ByteBuffer.wrap(message));
    } catch (BufferUnderflowException e) {
      throw new EgressDenied("the TLS hello is malformed");
    }
  }

  /** The body of the first handshake message, put together from its records; null if not whole. */
  private static byte @Nullable [] message(ByteBuffer records) throws EgressDenied {
    ByteArrayOutputStream handshake = new ByteArrayOutputStream();
    while (true) {
      byte[] have = handshake.toByteArray();
      if (have.length >= 4) {
        if (have[0] != HELLO) {
          throw new EgressDenied("the first TLS message is not a hello");
        }
        int length = (have[1] & 0xff) << 16 | (have[2] & 0xff) << 8 | (have[3] & 0xff);
        if (length > MAX_BYTES) {
          throw new EgressDenied("the TLS hello is larger than " + MAX_BYTES + " bytes");
        }
        if (have.length >= 4 + length) {
          return java.util.Arrays.copyOfRange(have, 4, 4 + length);
        }
      }
      if (!record(records, handshake)) {
        return null;
      }
    }
  }

  /** Moves one record's content over; false if it is not whole. Wrong bytes are refused early. */
  private static boolean record(ByteBuffer records, ByteArrayOutputStream into)
      throws EgressDenied {
    if (!records.hasRemaining()) {
      return false;
    }
    int start = records.position();
    if (records.get(start) != RECORD_HANDSHAKE
        || (records.remaining() > 1 && records.get(start + 1) != 3)) {
      throw new EgressDenied("only TLS is let out, and this is not a TLS handshake");
    }
    if (records.remaining() < 5) {
      return false;
    }
    int length = records.getShort(start + 3) & 0xffff;
    if (length == 0 || length > MAX_BYTES) {
      throw new EgressDenied("a TLS record of " + length + " bytes");
    }
    if (records.remaining() < 5 + length) {
      return false;
    }
    byte[] content = new byte[length];
    records.position(start + 5).get(content);
    into.writeBytes(content);
    return true;
  }

  private static String serverName(ByteBuffer hello) throws EgressDenied {
    skip(hello, 2 + 32);
    skip(hello, hello.get() & 0xff);
    skip(hello, hello.getShort() & 0xffff);
    skip(hello, hello.get() & 0xff);
    if (!hello.hasRemaining()) {
      throw new EgressDenied("the TLS hello names no server (SNI)");
    }
    ByteBuffer extensions = part(hello, hello.getShort() & 0xffff);
    if (hello.hasRemaining()) {
      throw new EgressDenied("the TLS hello has bytes after its end");
    }
    String name = null;
    while (extensions.hasRemaining()) {
      int type = extensions.getShort() & 0xffff;
      ByteBuffer body = part(extensions, extensions.getShort() & 0xffff);
      if (type == EXTENSION_ENCRYPTED_HELLO) {
        throw new EgressDenied("the TLS hello is encrypted (ECH), so its server cannot be checked");
      }
      if (type == EXTENSION_SERVER_NAME) {
        if (name != null) {
          throw new EgressDenied("the TLS hello names its server twice");
        }
        name = onlyName(body);
      }
    }
    if (name == null) {
      throw new EgressDenied("the TLS hello names no server (SNI)");
    }
    return name;
  }

  private static String onlyName(ByteBuffer body) throws EgressDenied {
    ByteBuffer list = part(body, body.getShort() & 0xffff);
    if (body.hasRemaining()) {
      throw new EgressDenied("the TLS hello's server name is malformed");
    }
    int type = list.get() & 0xff;
    ByteBuffer name = part(list, list.getShort() & 0xffff);
    if (type != NAME_IS_HOST || list.hasRemaining()) {
      throw new EgressDenied("the TLS hello names more than one server, or none by host");
    }
    byte[] bytes = new byte[name.remaining()];
    name.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static void skip(ByteBuffer from, int bytes) {
    part(from, bytes);
  }

  private static ByteBuffer part(ByteBuffer from, int bytes) {
    if (bytes > from.remaining()) {
      throw new BufferUnderflowException();
    }
    ByteBuffer part = from.slice(from.position(), bytes);
    from.position(from.position() + bytes);
    return part;
  }
}
