package dev.helm.service.auth;

import dev.helm.activities.store.RunLog;
import dev.helm.service.store.DeviceStore;
import dev.helm.service.store.UserStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checks a person's password or a paired device's key, within the limits on guessing. */
public final class LogIn {
  /** Shortest password that somebody may choose. */
  public static final int PASSWORD_CHARS_MIN = 12;

  /** A paired device that was not seen for longer has to log in again. */
  public static final Duration UNSEEN_MAX = Duration.ofDays(30);

  /** How long a password that Helm made for somebody may be used. */
  public static final Duration ONCE_PASSWORD = Duration.ofHours(72);

  private static final Logger LOG = LoggerFactory.getLogger(LogIn.class);
  private static final int NAME_CHARS_MAX = 100;

  private final UserStore users;
  private final DeviceStore devices;
  private final Passwords passwords;
  private final Tokens tokens;
  private final LoginLimits limits;
  private final Clock clock;
  private final Path home;

  /** With where people are, and what makes and checks their secrets. */
  public LogIn(
      UserStore users,
      DeviceStore devices,
      Passwords passwords,
      Tokens tokens,
      LoginLimits limits,
      Clock clock,
      Path home) {
    this.users = users;
    this.devices = devices;
    this.passwords = passwords;
    this.tokens = tokens;
    this.limits = limits;
    this.clock = clock;
    this.home = home;
  }

  /** A new session. */
  public record LoggedIn(
      UserStore.User user, DeviceStore.@Nullable Device device, Tokens.Signed token) {}

  /** Why nobody is let in. */
  public static final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final long retryAfterSeconds;

    RefusedException(long retryAfterSeconds) {
      super(retryAfterSeconds > 0 ? "too many tries" : "wrong", null, false, false);
      this.retryAfterSeconds = retryAfterSeconds;
    }

    /** Seconds to wait, 0 when name, password or key is wrong. */
    public long retryAfterSeconds() {
      return retryAfterSeconds;
    }
  }

  /** A password that nobody may choose. */
  public static final class UnfitException extends RuntimeException {
    private static final long serialVersionUID = 1;

    UnfitException(String message) {
      super(message, null, false, false);
    }
  }

  /**
   * A session for a name and a password.
   *
   * @param deviceName names a device and registers it, or null for a session without one
   * @throws RefusedException when it is wrong or tried too often
   * @throws DeviceStore.TooManyException when the device would be one too many
   */
  public LoggedIn withPassword(
      String name, String password, @Nullable String deviceName, ClientAddress client) {
    boolean tooLong = name.length() > NAME_CHARS_MAX || password.length() > Passwords.CHARS_MAX;
    UserStore.User user = tooLong ? null : users.byName(name);
    checked(tooLong ? "" : name, tooLong ? "" : password, user, client);
    if (user == null) {
      throw new IllegalStateException("nobody is let in without a name");
    }
    remember(user, client);
    DeviceStore.Device device = deviceName == null ? null : devices.seen(user.id(), deviceName);
    return new LoggedIn(user, device, tokens.session(user, device));
  }

  /** A full disk keeps nobody from looking; the address is then not known the next time. */
  private void remember(UserStore.User user, ClientAddress client) {
    try {
      users.loggedIn(user.id(), client.key());
    } catch (RunLog.LogUnavailableException e) {
      LOG.warn("the address of a log-in could not be kept: {}", e.getMessage());
    }
  }

  /** Every path through here makes one hash, whoever is asked for, and whatever is wrong. */
  private void checked(
      String account, String password, UserStore.@Nullable User user, ClientAddress client) {
    boolean known =
        client.sameMachine() || users.knows(user == null ? "" : user.id(), client.key());
    within(limits.secondsToWait(client.key(), account, known));
    Passwords.Lane lane = known ? Passwords.Lane.KNOWN : Passwords.Lane.STRANGER;
    boolean right =
        user == null
            ? passwords.matchesNobody(password, lane)
            : passwords.matches(password, user.passwordHash(), lane);
    if (user == null || !right || user.disabled() || isOver(user)) {
      limits.failed(account, known);
      throw new RefusedException(0);
    }
  }

  private boolean isOver(UserStore.User user) {
    Long until = user.onceUntilMs();
    return until != null && clock.millis() > until;
  }

  /**
   * Replaces the caller's password; every session ends, and this is the next one.
   *
   * @throws UnfitException when the new one is too short, too long, or the old one
   */
  public LoggedIn changePassword(
      Caller caller, String password, String newPassword, ClientAddress client) {
    if (newPassword.length() < PASSWORD_CHARS_MIN
        || newPassword.length() > Passwords.CHARS_MAX
        || newPassword.equals(password)) {
      throw new UnfitException(
          "expected "
              + PASSWORD_CHARS_MIN
              + " to "
              + Passwords.CHARS_MAX
              + " characters that are not the old password");
    }
    UserStore.User user = users.byId(caller.userId());
    // Attack: somebody at an unlocked screen takes the account over for good.
    checked(caller.name(), password, user, client);
    String hash = passwords.hash(newPassword);
    UserStore.User changed =
        users.change(
            caller.userId(),
            old -> {
              // Attack: the password that an owner reset while this one was hashed is undone.
              if (user == null || old.version() != user.version()) {
                throw new RefusedException(0);
              }
              return old.withPassword(hash, null);
            });
    if (changed == null) {
      throw new RefusedException(0);
    }
    try {
      FirstOwner.forgetCredentials(home, changed.name());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    DeviceStore.Device device = caller.deviceId() == null ? null : devices.find(caller.deviceId());
    return new LoggedIn(changed, device, tokens.session(changed, device));
  }

  /** Counts a challenge or a refresh from an address. */
  public void countRefresh(ClientAddress client) {
    within(limits.secondsToWaitForRefresh(client.key()));
  }

  /**
   * A session for a paired device that signed a challenge.
   *
   * @throws RefusedException when device, challenge or signature is wrong, or tried too often
   */
  public LoggedIn withKey(
      String deviceId, String challenge, String signature, ClientAddress client) {
    countRefresh(client);
    DeviceStore.Device asked = devices.find(deviceId);
    UserStore.User user = asked == null ? null : users.byId(asked.person());
    // After the person: a key that a change of the password took away meanwhile is not there.
    DeviceStore.Device device = devices.find(deviceId);
    String text = device == null ? null : device.publicKey();
    DeviceKey key = text == null ? null : DeviceKey.of(text);
    if (device == null
        || key == null
        || clock.millis() - device.seenMs() > UNSEEN_MAX.toMillis()
        || !key.signed(deviceId, challenge, signature)
        || !tokens.answered(challenge, deviceId)) {
      throw new RefusedException(0);
    }
    if (user == null || user.disabled() || user.onceUntilMs() != null) {
      throw new RefusedException(0);
    }
    devices.refreshed(device.id());
    return new LoggedIn(user, device, tokens.session(user, device));
  }

  private static void within(long seconds) {
    if (seconds > 0) {
      throw new RefusedException(seconds);
    }
  }
}
