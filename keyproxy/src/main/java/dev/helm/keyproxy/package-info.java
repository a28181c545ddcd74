/**
 * The key proxy: the only process that holds the model key. It forwards Messages calls to one
 * upstream after the service's ledger has reserved their worst case, and reports what they used.
 */
@NullMarked
package dev.helm.keyproxy;

import org.jspecify.annotations.NullMarked;
