package dev.helm.activities.sandbox;

/** The request or the container broke a rule; the same request will be refused again. */
public final class SandboxRefused extends SandboxException {
  private static final long serialVersionUID = 1L;

  private final String code;

  /**
   * @param code stable, for programs: {@code hash_mismatch}, {@code already_ended}, {@code
   *     superseded}, {@code bad_offset} (an earlier attempt committed more meanwhile: read the
   *     durable offset again and attach anew), {@code checklist}, {@code image}, {@code full}, …
   */
  public SandboxRefused(String code, String message) {
    super(message);
    this.code = code;
  }

  /** Same, with what led to it. */
  public SandboxRefused(String code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** Stable, for programs. */
  public String code() {
    return code;
  }

  @Override
  public boolean retryable() {
    return false;
  }
}
