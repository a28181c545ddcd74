package dev.helm.service.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Devices that people logged in with. A revoked one never comes back. */
public interface DeviceStore {
  /** Most devices of one person that are not revoked. */
  int PERSON_DEVICES_MAX = 50;

  /**
   * The person's device of this name, made if there is none.
   *
   * @throws TooManyException when the person has {@link #PERSON_DEVICES_MAX}
   */
  Device seen(String person, String name);

  /**
   * Gives a device its key, once: makes the device if there is none of this name, or none without a
   * key.
   *
   * @param version the person's version in the session that asks
   * @return null when that session has ended meanwhile
   * @throws TooManyException when the person has {@link #PERSON_DEVICES_MAX}
   */
  @Nullable Device pair(String person, int version, String name, String publicKey);

  /** One that is not revoked, or null. */
  @Nullable Device find(String id);

  /** A person's devices that are not revoked, by name. */
  List<Device> list(String person);

  /** Notes that the device refreshed its token. */
  void refreshed(String id);

  /** Takes a device out for good; false when there was none. */
  boolean revoke(String id);

  /**
   * A device.
   *
   * @param publicKey base64 of 32 bytes, Ed25519; null for one that is not paired
   * @param seenMs when it last logged in or refreshed
   */
  record Device(
      String id,
      String person,
      String name,
      @Nullable String publicKey,
      String createdAt,
      long seenMs) {}

  /** The person has too many devices. */
  final class TooManyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TooManyException() {
      super("at most " + PERSON_DEVICES_MAX + " devices");
    }
  }
}
