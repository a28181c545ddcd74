/** Money: reservations, charges, caps. */
@NullMarked
package dev.helm.service.ledger;

import org.jspecify.annotations.NullMarked;
