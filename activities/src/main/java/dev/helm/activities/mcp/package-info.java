/**
 * Servers of the Model Context Protocol: tools from elsewhere. Everything that a server says is
 * hostile input. docs/mcp.md tells how.
 */
@NullMarked
package dev.helm.activities.mcp;

import org.jspecify.annotations.NullMarked;
