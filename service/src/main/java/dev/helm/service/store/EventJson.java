package dev.helm.service.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.helm.api.Sha256;
import dev.helm.api.event.CanonicalJson;
import dev.helm.api.event.LoggedEvent;
import dev.helm.workflows.HelmJson;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;

/**
 * The texts of an event, made from its columns without building a tree. A test holds them equal to
 * what {@link LoggedEvent} gives.
 */
final class EventJson {
  /** Columns in the order that {@link #row} and {@link #logged} read; the former's has one more. */
  static final String COLUMNS = "pos, run, seq, at, type, agent, data, prev, hash";

  /** Events with their run's project. The CROSS JOIN keeps the order of reading: events first. */
  static final String SELECT_ROWS =
      "SELECT pos, run, seq, at, type, agent, data, prev, hash, project"
          + " FROM events CROSS JOIN runs ON id = run WHERE ";

  private static final TypeReference<Map<String, Object>> TREE = new TypeReference<>() {};

  private EventJson() {}

  /** The hash of an event whose data is canonical JSON already. */
  static String hash(
      String run, long seq, String at, String type, String agent, String data, String prev) {
    // Canonical JSON sorts the members by name.
    return Sha256.hex(
        new StringBuilder(data.length() + 300)
            .append("{\"agent\":")
            .append(CanonicalJson.write(agent))
            .append(",\"at\":\"")
            .append(at)
            .append("\",\"data\":")
            .append(data)
            .append(",\"prev\":\"")
            .append(prev)
            .append("\",\"run\":\"")
            .append(run)
            .append("\",\"seq\":")
            .append(seq)
            .append(",\"type\":")
            .append(CanonicalJson.write(type))
            .append('}')
            .toString());
  }

  /** The event as clients read it. */
  static String wire(
      String run,
      long seq,
      String at,
      String type,
      String agent,
      String data,
      String prev,
      String hash) {
    return new StringBuilder(data.length() + 400)
        .append("{\"run\":\"")
        .append(run)
        .append("\",\"seq\":")
        .append(seq)
        .append(",\"at\":\"")
        .append(at)
        .append("\",\"type\":")
        .append(CanonicalJson.write(type))
        .append(",\"agent\":")
        .append(CanonicalJson.write(agent))
        .append(",\"data\":")
        .append(data)
        .append(",\"prev\":\"")
        .append(prev)
        .append("\",\"hash\":\"")
        .append(hash)
        .append("\"}")
        .toString();
  }

  /** A stored row as the stream sends it. */
  static CommitListener.Committed row(ResultSet row) throws SQLException {
    String run = row.getString(2);
    long seq = row.getLong(3);
    String type = row.getString(5);
    return new CommitListener.Committed(
        row.getLong(1),
        run,
        row.getString(10),
        seq,
        type,
        wire(
            run,
            seq,
            row.getString(4),
            type,
            row.getString(6),
            row.getString(7),
            row.getString(8),
            row.getString(9)));
  }

  /** A stored row as an event. */
  static LoggedEvent logged(ResultSet row) throws SQLException {
    return new LoggedEvent(
        row.getString(2),
        row.getLong(3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        tree(row.getString(7)),
        row.getString(8),
        row.getString(9));
  }

  /** The members of a stored JSON object. */
  static Map<String, Object> tree(String json) {
    try {
      return HelmJson.mapper().readValue(json, TREE);
    } catch (JsonProcessingException e) {
      throw new StoreException("stored JSON cannot be read", e);
    }
  }
}
