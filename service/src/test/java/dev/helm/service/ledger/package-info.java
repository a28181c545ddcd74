/** Tests of the ledger. */
@NullMarked
package dev.helm.service.ledger;

import org.jspecify.annotations.NullMarked;
