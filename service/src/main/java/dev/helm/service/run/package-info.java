/** Runs at work: the Temporal worker and client, the sandbox, the ledger's socket, put together. */
@NullMarked
package dev.helm.service.run;

import org.jspecify.annotations.NullMarked;
