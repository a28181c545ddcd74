/**
 * Snapshots of workspaces: kept as git trees outside the workspace, browsed, compared, restored.
 * docs/files.md tells how.
 */
@NullMarked
package dev.helm.activities.snapshot;

import org.jspecify.annotations.NullMarked;
