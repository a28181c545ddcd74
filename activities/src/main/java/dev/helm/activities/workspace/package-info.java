/** Workspaces on the host: paths that only the check makes, no-follow walks, copies, disks. */
@NullMarked
package dev.helm.activities.workspace;

import org.jspecify.annotations.NullMarked;
