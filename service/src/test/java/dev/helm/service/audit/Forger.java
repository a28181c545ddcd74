package dev.helm.service.audit;

import dev.helm.api.event.CanonicalJson;
import dev.helm.api.event.LoggedEvent;
import dev.helm.workflows.HelmJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Who can write all files of an installation, and knows how it works. */
final class Forger {
  private Forger() {}

  /** Changes one event, makes every later hash anew, and removes what would show it. */
  static void rewrite(Path home, String run, long seq) throws Exception {
    Files.delete(home.resolve("heads.log"));
    try (Connection connection = open(home);
        Statement sql = connection.createStatement()) {
      List<LoggedEvent> events = events(connection, run);
      String prev = LoggedEvent.NO_PREV;
      try (PreparedStatement update =
          connection.prepareStatement(
              "UPDATE events SET data = ?, prev = ?, hash = ? WHERE run = ? AND seq = ?")) {
        for (LoggedEvent event : events) {
          Map<String, Object> data = event.data();
          if (event.seq() == seq) {
            data.put("forged", "yes");
          }
          LoggedEvent made =
              LoggedEvent.chained(
                  run, event.seq(), event.at(), event.type(), event.agent(), data, prev);
          prev = made.hash();
          update.setString(1, CanonicalJson.write(data));
          update.setString(2, made.prev());
          update.setString(3, made.hash());
          update.setString(4, run);
          update.setLong(5, event.seq());
          update.executeUpdate();
        }
      }
      sql.execute("DELETE FROM checkpoints");
    }
  }

  /** Cuts the log after an event and removes what would show it. */
  static void cut(Path home, String run, long seq) throws Exception {
    Files.delete(home.resolve("heads.log"));
    try (Connection connection = open(home);
        Statement sql = connection.createStatement()) {
      sql.execute("DELETE FROM events WHERE run = '" + run + "' AND seq > " + seq);
      sql.execute("DELETE FROM checkpoints");
    }
  }

  private static Connection open(Path home) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("helm.db"));
    List<String> names = new ArrayList<>();
    try (Statement sql = connection.createStatement()) {
      sql.execute("PRAGMA foreign_keys=OFF");
      try (ResultSet rows =
          sql.executeQuery("SELECT name FROM sqlite_master WHERE type = 'trigger'")) {
        while (rows.next()) {
          names.add(rows.getString(1));
        }
      }
      for (String name : names) {
        sql.execute("DROP TRIGGER " + name);
      }
    }
    return connection;
  }

  private static List<LoggedEvent> events(Connection connection, String run) throws Exception {
    List<LoggedEvent> events = new ArrayList<>();
    try (Statement sql = connection.createStatement();
        ResultSet rows =
            sql.executeQuery(
                "SELECT seq, at, type, agent, data, prev, hash FROM events WHERE run = '"
                    + run
                    + "' ORDER BY seq")) {
      while (rows.next()) {
        events.add(
            new LoggedEvent(
                run,
                rows.getLong(1),
                rows.getString(2),
                rows.getString(3),
                rows.getString(4),
                HelmJson.readObject(rows.getString(5)),
                rows.getString(6),
                rows.getString(7)));
      }
    }
    return events;
  }
}
