package dev.helm.service.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.helm.api.rest.ScheduleBodies;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which times a cron means, and what is said of one that means none. */
class CronTest {
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

  private static List<String> next(String cron, String after, int count) {
    return Calendar.of(cron, "Europe/Berlin").next(Instant.parse(after), count).stream()
        .map(ScheduleBodies.FireTime::local)
        .toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0 8 * * MON          | 2026-11-30T08:00:00+01:00
          */15 9-17 * * 1-5    | 2026-11-23T19:00:00+01:00 no
          30 23 24,31 dec *    | 2026-12-24T23:30:00+01:00
          0 0 29 2 *           | 2028-02-29T00:00:00+01:00
          5-59/20 * * * *      | 2026-11-23T19:05:00+01:00
          0 12 * * 7           | 2026-11-29T12:00:00+01:00
          0 12 * * sat,SUN     | 2026-11-28T12:00:00+01:00
          0 0 1 */6 *          | 2027-01-01T00:00:00+01:00
          """)
  void theNextTime(String cron, String expected) {
    List<String> next = next(cron, "2026-11-23T17:59:30Z", 1);
    if (expected.endsWith("no")) {
      assertThat(next).containsExactly("2026-11-24T09:00:00+01:00");
    } else {
      assertThat(next).containsExactly(expected.strip());
    }
  }

  @Test
  void eightInTheMorningStaysEightWhenTheClocksChange() {
    assertThat(next("0 8 * * SUN", "2027-03-20T00:00:00Z", 3))
        .containsExactly(
            "2027-03-21T08:00:00+01:00", "2027-03-28T08:00:00+02:00", "2027-04-04T08:00:00+02:00");
    assertThat(next("0 8 * * SUN", "2027-10-23T00:00:00Z", 3))
        .containsExactly(
            "2027-10-24T08:00:00+02:00", "2027-10-31T08:00:00+01:00", "2027-11-07T08:00:00+01:00");
  }

  @Test
  void aTimeThatIsJumpedOverDoesNotComeAndOneThatComesTwiceComesOnce() {
    assertThat(next("30 2 * * *", "2027-03-26T12:00:00Z", 3))
        .containsExactly(
            "2027-03-27T02:30:00+01:00", "2027-03-29T02:30:00+02:00", "2027-03-30T02:30:00+02:00");
    assertThat(next("30 2 * * *", "2027-10-30T12:00:00Z", 2))
        .containsExactly("2027-10-31T02:30:00+01:00", "2027-11-01T02:30:00+01:00");
    // From within the hour that comes a second time, and after it.
    assertThat(next("30 2 * * *", "2027-10-31T01:10:00Z", 1))
        .containsExactly("2027-10-31T02:30:00+01:00");
    assertThat(next("30 2 * * *", "2027-10-31T01:30:00Z", 1))
        .containsExactly("2027-11-01T02:30:00+01:00");
  }

  @Test
  void everyTimeIsOneAndNoneIsLeftOut() throws Exception {
    Cron cron = Cron.of("*/7 3-4,22 * 3,10 *");
    Instant at = Instant.parse("2027-03-01T00:00:00Z");
    Instant next = cron.next(at, BERLIN);
    for (Instant each = at; each.isBefore(Instant.parse("2027-04-02T00:00:00Z")); ) {
      each = each.plusSeconds(60);
      LocalDateTime local = LocalDateTime.ofInstant(each, BERLIN);
      boolean time =
          local.getMinute() % 7 == 0
              && List.of(3, 4, 22).contains(local.getHour())
              && local.getMonthValue() == 3;
      assertThat(each.equals(next)).as("%s", local).isEqualTo(time);
      if (time) {
        next = cron.next(each, BERLIN);
      }
    }
    assertThat(cron.next(at, ZoneOffset.UTC)).isEqualTo("2027-03-01T03:00:00Z");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''               | expected five fields
          0 8 * *          | found 4
          @daily           | five fields
          60 8 * * *       | the minute is 0 to 59
          0 24 * * *       | the hour is 0 to 23
          0 8 0 * *        | the day of the month is 1 to 31
          0 8 * 13 *       | the month is 1 to 12, JAN to DEC
          0 8 * * 8        | the day of the week is 0 to 6, SUN to SAT
          0 8 * * MONDAY   | found "MONDAY"
          5/15 * * * *     | the minute
          */0 * * * *      | the minute
          0 17-9 * * *     | the hour
          0 8 ? * *        | the day of the month
          0 8 * * 1#2      | the day of the week
          0,,5 8 * * *     | found ""
          -1 8 * * *       | found "-1"
          0 8 1 * MON      | together mean different things
          0 8 30 2 *       | it never fires
          0 8 31 4,6,9,11 * | it never fires
          """)
  void whatIsNoCronIsSaid(String cron, String expected) {
    assertThatThrownBy(() -> Cron.of(cron))
        .isInstanceOf(CronException.class)
        .hasMessageContaining(expected);
  }

  @Test
  void zonesArePlaces() {
    assertThat(Zones.known("Europe/Berlin")).isTrue();
    assertThat(Zones.known("UTC")).isTrue();
    for (String none : List.of("CET", "+02:00", "SystemV/PST8", "europe/berlin", "")) {
      assertThat(Zones.known(none)).as(none).isFalse();
    }
  }

  @Test
  void timesBetweenAreCountedAndBounded() {
    Calendar calendar = Calendar.of("*/10 * * * *", "UTC");
    Instant from = Instant.parse("2026-11-23T10:00:00Z");
    assertThat(calendar.between(from, from.plusSeconds(3600))).isEqualTo(5);
    assertThat(calendar.between(from, from)).isZero();
    assertThat(calendar.between(from, from.plusSeconds(100_000_000))).isEqualTo(1000);
  }
}
