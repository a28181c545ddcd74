/** What an export holds and how it is checked without a server: checkpoints, keys, the file. */
@NullMarked
package dev.helm.api.bundle;

import org.jspecify.annotations.NullMarked;
