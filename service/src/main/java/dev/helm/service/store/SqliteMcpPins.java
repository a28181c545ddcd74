package dev.helm.service.store;

import dev.helm.activities.mcp.Pins;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Accepted tool lists of MCP servers in a table; the lists themselves are blobs. */
final class SqliteMcpPins implements Pins {
  private final LogWriter writer;
  private final ReadPool reads;

  SqliteMcpPins(LogWriter writer, ReadPool reads) {
    this.writer = writer;
    this.reads = reads;
  }

  @Override
  public @Nullable String get(String blueprintRef, String server) {
    return reads.read(
        sql ->
            sql.one(
                "SELECT sha256 FROM mcp_tools WHERE blueprint = ? AND server = ?",
                row -> row.getString(1),
                blueprintRef,
                server));
  }

  @Override
  public String first(String blueprintRef, String server, String sha256) {
    writer.write(
        tx ->
            tx.sql()
                .update(
                    "INSERT INTO mcp_tools (blueprint, server, sha256, at) VALUES (?, ?, ?, ?)"
                        + " ON CONFLICT DO NOTHING",
                    blueprintRef,
                    server,
                    sha256,
                    tx.now()));
    return Objects.requireNonNull(get(blueprintRef, server));
  }

  @Override
  public void accept(String blueprintRef, String server, String sha256) {
    writer.write(
        tx ->
            tx.sql()
                .update(
                    "INSERT INTO mcp_tools (blueprint, server, sha256, at) VALUES (?, ?, ?, ?)"
                        + " ON CONFLICT DO UPDATE SET sha256 = excluded.sha256, at = excluded.at",
                    blueprintRef,
                    server,
                    sha256,
                    tx.now()));
  }
}
