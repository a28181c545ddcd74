package dev.helm.keyproxy;

/** Every limit of the proxy. Sizes in bytes, times in milliseconds, as the names say. */
record Limits(Sizes sizes, ClientTimes client, UpstreamTimes upstream, LedgerTimes ledger) {

  /** What a message may measure. {@code connections} counts clients that are connected at once. */
  record Sizes(
      int requestHeadBytes,
      int requestHeaders,
      int responseHeadBytes,
      int responseHeaders,
      int bodyBytes,
      int errorBodyBytes,
      int jsonAnswerBytes,
      int connections) {}

  /** How long a client may take to send its next request, a head, a body, and to read. */
  record ClientTimes(long idleMs, long headMs, long bodyIdleMs, long bodyMs, long writeMs) {}

  /** {@code callMs} bounds a whole call, so that no reservation stays open for ever. */
  record UpstreamTimes(
      long connectMs, long headMs, long idleMs, long writeMs, long keepMs, long callMs) {}

  /** {@code ackMs} is how long an answer's last bytes wait for the ledger. */
  record LedgerTimes(long reserveMs, long helloMs, long ackMs, long resendMs) {}

  static Limits standard() {
    return new Limits(
        new Sizes(16_384, 64, 32_768, 200, 16 << 20, 256 << 10, 4 << 20, 512),
        new ClientTimes(120_000, 10_000, 15_000, 60_000, 30_000),
        new UpstreamTimes(10_000, 600_000, 120_000, 30_000, 20_000, 3_600_000),
        new LedgerTimes(5_000, 10_000, 2_000, 2_000));
  }
}
