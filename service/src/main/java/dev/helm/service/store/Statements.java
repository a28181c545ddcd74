package dev.helm.service.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One connection with its prepared statements; used by one thread at a time. */
public final class Statements implements AutoCloseable {
  private final Connection connection;
  private final Map<String, PreparedStatement> prepared = new HashMap<>();

  Statements(Connection connection) {
    this.connection = connection;
  }

  /** Reads one row. */
  @FunctionalInterface
  public interface Row<T> {
    /** The row that the cursor stands on. */
    T read(ResultSet row) throws SQLException;
  }

  /** Runs a statement that gives no rows; the count of changed rows. */
  public int update(String sql, @Nullable Object... values) throws SQLException {
    return bound(sql, values).executeUpdate();
  }

  /** The first row, or null. */
  public <T> @Nullable T one(String sql, Row<T> reader, @Nullable Object... values)
      throws SQLException {
    try (ResultSet rows = bound(sql, values).executeQuery()) {
      return rows.next() ? reader.read(rows) : null;
    }
  }

  /** All rows; the statement has a LIMIT wherever the table has none. */
  public <T> List<T> list(String sql, Row<T> reader, @Nullable Object... values)
      throws SQLException {
    List<T> found = new ArrayList<>();
    try (ResultSet rows = bound(sql, values).executeQuery()) {
      while (rows.next()) {
        found.add(reader.read(rows));
      }
    }
    return found;
  }

  /** A number, or {@code otherwise} when there is no row or it is NULL. */
  public long number(String sql, long otherwise, @Nullable Object... values) throws SQLException {
    try (ResultSet rows = bound(sql, values).executeQuery()) {
      if (!rows.next()) {
        return otherwise;
      }
      long found = rows.getLong(1);
      return rows.wasNull() ? otherwise : found;
    }
  }

  private PreparedStatement bound(String sql, @Nullable Object... values) throws SQLException {
    PreparedStatement statement = prepared.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      prepared.put(sql, statement);
    }
    for (int i = 0; i < values.length; i++) {
      bind(statement, i + 1, values[i]);
    }
    return statement;
  }

  private static void bind(PreparedStatement statement, int i, @Nullable Object value)
      throws SQLException {
    switch (value) {
      case null -> statement.setNull(i, Types.NULL);
      case String text -> statement.setString(i, text);
      case Long number -> statement.setLong(i, number);
      case Integer number -> statement.setInt(i, number);
      case Boolean flag -> statement.setInt(i, flag ? 1 : 0);
      case byte[] bytes -> statement.setBytes(i, bytes);
      default -> throw new SQLException("no column type for " + value.getClass().getName());
    }
  }

  /** For a script; the caller closes it. */
  Statement plain() throws SQLException {
    return connection.createStatement();
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      // The connection is given up either way; what was not committed is not there.
    }
  }
}
