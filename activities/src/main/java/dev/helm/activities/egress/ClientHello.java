package dev.helm.activities.egress;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Collects the start of a TLS connection until the client's hello is whole and says which server
 * name it asks for. Handles hellos cut into any number of records and reads; refuses what it does
 * not understand. Each byte is looked at once, however small the pieces are in which it comes.
 */
final class ClientHello {
  /** Post-quantum key shares make hellos of about 2 KB; this leaves room. */
  static final int MAX_BYTES = 16 << 10;

  private static final int RECORD_HANDSHAKE = 22;
  private static final int RECORD_HEAD_BYTES = 5;
  private static final int MESSAGE_HEAD_BYTES = 4;
  private static final int HELLO = 1;
  private static final int EXTENSION_SERVER_NAME = 0;
  private static final int EXTENSION_ENCRYPTED_HELLO = 0xfe0d;
  private static final int EXTENSION_ENCRYPTED_NAME = 0xffce;
  private static final int NAME_IS_HOST = 0;

  private byte[] seen = new byte[2048];
  private int size;
  private int nextRecord;
  private byte[] message = new byte[2048];
  private int have;

  /** All bytes so far, to be sent on as they came. */
  byte[] bytes() {
    return Arrays.copyOf(seen, size);
  }

  /**
   * Takes more bytes.
   *
   * @return the server name as it is in the hello, or null if the hello is not whole yet
   * @throws EgressDenied not TLS, no name, or a hello that hides it
   */
  @Nullable String take(ByteBuffer more) throws EgressDenied {
    int added = more.remaining();
    if (size + added > MAX_BYTES) {
      throw tooLarge();
    }
    seen = atLeast(seen, size + added);
    more.get(seen, size, added);
    size += added;
    boolean another = true;
    while (another && !whole()) {
      another = record();
    }
    if (!whole()) {
      return null;
    }
    try {
      return serverName(ByteBuffer.wrap(message, MESSAGE_HEAD_BYTES, length()).slice());
    } catch (BufferUnderflowException e) {
      throw new EgressDenied("the TLS hello is malformed");
    }
  }

  /** Whether the first handshake message is there to its end. */
  private boolean whole() throws EgressDenied {
    if (have > 0 && message[0] != HELLO) {
      throw new EgressDenied("the first TLS message is not a hello");
    }
    if (have < MESSAGE_HEAD_BYTES) {
      return false;
    }
    if (length() > MAX_BYTES) {
      throw tooLarge();
    }
    if (have > MESSAGE_HEAD_BYTES + length()) {
      throw new EgressDenied("the TLS hello has bytes after its end");
    }
    return have == MESSAGE_HEAD_BYTES + length();
  }

  private int length() {
    return (message[1] & 0xff) << 16 | (message[2] & 0xff) << 8 | (message[3] & 0xff);
  }

  private static EgressDenied tooLarge() {
    return new EgressDenied("the TLS hello is larger than " + MAX_BYTES + " bytes");
  }

  /** Moves one record's content over; false if it is not whole. Wrong bytes are refused early. */
  private boolean record() throws EgressDenied {
    int there = size - nextRecord;
    if ((there > 0 && seen[nextRecord] != RECORD_HANDSHAKE)
        || (there > 1 && seen[nextRecord + 1] != 3)) {
      throw new EgressDenied("only TLS is let out, and this is not a TLS handshake");
    }
    if (there < RECORD_HEAD_BYTES) {
      return false;
    }
    int bytes = (seen[nextRecord + 3] & 0xff) << 8 | (seen[nextRecord + 4] & 0xff);
    if (bytes == 0 || bytes > MAX_BYTES) {
      throw new EgressDenied("a TLS record of " + bytes + " bytes");
    }
    if (there < RECORD_HEAD_BYTES + bytes) {
      return false;
    }
    message = atLeast(message, have + bytes);
    System.arraycopy(seen, nextRecord + RECORD_HEAD_BYTES, message, have, bytes);
    have += bytes;
    nextRecord += RECORD_HEAD_BYTES + bytes;
    return true;
  }

  private static byte[] atLeast(byte[] array, int bytes) {
    return bytes <= array.length
        ? array
        : Arrays.copyOf(array, Math.max(bytes, Math.min(2 * array.length, MAX_BYTES)));
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
      // Attack: the name that can be read is a decoy, the real one is encrypted. Safeguard: none of
      // the encrypted forms is let out.
      if (type == EXTENSION_ENCRYPTED_HELLO || type == EXTENSION_ENCRYPTED_NAME) {
        throw new EgressDenied("the TLS hello is encrypted (ECH), so its server cannot be checked");
      }
      if (type == EXTENSION_SERVER_NAME) {
        // Attack: this side reads the first name, the server another. Safeguard: one name only.
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
