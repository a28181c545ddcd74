/** Tests of the store on real SQLite. */
@NullMarked
package dev.helm.service.store.fault;

import org.jspecify.annotations.NullMarked;
