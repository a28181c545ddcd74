package dev.helm.service.store;

import dev.helm.api.RunStatus;
import dev.helm.api.Secret;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Tokens that stand for the model key: {@code helm_<run>_<epoch>_<mac>}. They are not stored; the
 * MAC proves them, and the run's row says whether they still hold.
 */
public final class ModelTokens {
  private static final Pattern FORM =
      Pattern.compile("helm_(([0-9a-f]{32})_([0-9]{1,9}))_([0-9a-f]{64})");

  private final Hmac key;
  private final ReadPool reads;

  ModelTokens(Hmac key, ReadPool reads) {
    this.key = key;
    this.reads = reads;
  }

  /** Whom a token speaks for. */
  public record RunEpoch(String run, int epoch) {}

  /** The token of a run's epoch. */
  public Secret token(String run, int epoch) {
    String body = run + "_" + epoch;
    return Secret.of("helm_" + body + "_" + key.of("model-token " + body));
  }

  /** Whom a token names if Helm made it, whatever became of the run since; else null. */
  public @Nullable RunEpoch parse(String token) {
    Matcher form = FORM.matcher(token);
    if (!form.matches() || !key.matches("model-token " + form.group(1), form.group(4))) {
      return null;
    }
    return new RunEpoch(form.group(2), Integer.parseInt(form.group(3)));
  }

  /** Whom a token speaks for while its run is active and in that epoch; else null. */
  public @Nullable RunEpoch verify(String token) {
    return reads.read(sql -> verify(sql, token));
  }

  /** The same within a transaction. */
  public @Nullable RunEpoch verify(Statements sql, String token) throws SQLException {
    RunEpoch named = parse(token);
    if (named == null) {
      return null;
    }
    String status =
        sql.one(
            "SELECT status FROM runs WHERE id = ? AND epoch = ?",
            row -> row.getString(1),
            named.run(),
            named.epoch());
    return status != null && RunStatus.of(status).active() ? named : null;
  }
}
