package dev.helm.service.auth;

import io.github.bucket4j.Bandwidth;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import io.github.bucket4j.TimeMeter;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How often somebody may try to log in: five times a minute from one address, and twenty failures a
 * minute for one account from all unknown addresses together. Attack: a stranger fails on purpose
 * to keep the owner out; so the second limit never holds back an address from which this account
 * logged in before, nor the machine itself, and their failures do not count in it.
 */
public final class LoginLimits {
  /** Tries a minute from one client address. */
  public static final int ADDRESS_PER_MINUTE = 5;

  /** Challenges and refreshes a minute from one client address. */
  public static final int REFRESH_PER_MINUTE = 30;

  /** Failures a minute of one account from unknown addresses. */
  public static final int ACCOUNT_PER_MINUTE = 20;

  /** Addresses and names that are remembered; the ones unused for longest go first. */
  private static final int REMEMBERED_MAX = 10_000;

  private final TimeMeter time;
  private final Map<String, Bucket> addresses = bounded();
  private final Map<String, Bucket> accounts = bounded();
  private final Map<String, Bucket> refreshes = bounded();

  /** With the service's clock. */
  public LoginLimits(Clock clock) {
    this.time = new ClockMeter(clock);
  }

  /**
   * Counts a try. 0 when it may go on, else the seconds to wait.
   *
   * @param known whether the account logged in from this address before
   */
  public long secondsToWait(String address, String account, boolean known) {
    ConsumptionProbe probe =
        bucket(addresses, address, ADDRESS_PER_MINUTE).tryConsumeAndReturnRemaining(1);
    if (!probe.isConsumed()) {
      return seconds(probe.getNanosToWaitForRefill());
    }
    if (known) {
      return 0;
    }
    var estimate = bucket(accounts, key(account), ACCOUNT_PER_MINUTE).estimateAbilityToConsume(1);
    return estimate.canBeConsumed() ? 0 : seconds(estimate.getNanosToWaitForRefill());
  }

  /** A try failed. */
  public void failed(String account, boolean known) {
    if (!known) {
      bucket(accounts, key(account), ACCOUNT_PER_MINUTE).tryConsume(1);
    }
  }

  /** Counts a call that needs no token and is no log-in. 0 when it may go on, else seconds. */
  public long secondsToWaitForRefresh(String address) {
    ConsumptionProbe probe =
        bucket(refreshes, address, REFRESH_PER_MINUTE).tryConsumeAndReturnRemaining(1);
    return probe.isConsumed() ? 0 : seconds(probe.getNanosToWaitForRefill());
  }

  private static String key(String account) {
    return account.toLowerCase(Locale.ROOT);
  }

  private static long seconds(long nanos) {
    return Math.max(1, Duration.ofNanos(nanos).plusMillis(999).toSeconds());
  }

  private Bucket bucket(Map<String, Bucket> buckets, String key, int perMinute) {
    synchronized (buckets) {
      return buckets.computeIfAbsent(
          key,
          _ ->
              Bucket.builder()
                  .withCustomTimePrecision(time)
                  .addLimit(
                      Bandwidth.builder()
                          .capacity(perMinute)
                          .refillIntervally(perMinute, Duration.ofMinutes(1))
                          .build())
                  .build());
    }
  }

  private static Map<String, Bucket> bounded() {
    return new LinkedHashMap<>(16, 0.75f, true) {
      private static final long serialVersionUID = 1;

      @Override
      protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
        return size() > REMEMBERED_MAX;
      }
    };
  }

  private record ClockMeter(Clock clock) implements TimeMeter {
    @Override
    public long currentTimeNanos() {
      return clock.millis() * 1_000_000;
    }

    @Override
    public boolean isWallClockBased() {
      return true;
    }
  }
}
