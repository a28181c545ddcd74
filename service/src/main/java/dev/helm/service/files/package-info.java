/** Files of runs over time: what a step is, rollback, restart, fork. docs/files.md tells how. */
@NullMarked
package dev.helm.service.files;

import org.jspecify.annotations.NullMarked;
