-- Version 12: which tool list of an MCP server is accepted for a version of a blueprint; the list is
-- the blob of that name. Another list asks people before a tool of it is used.
CREATE TABLE mcp_tools (
  blueprint TEXT NOT NULL,
  server TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (blueprint, server)
) STRICT, WITHOUT ROWID
--;
