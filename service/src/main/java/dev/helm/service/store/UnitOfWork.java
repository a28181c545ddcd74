package dev.helm.service.store;

import java.sql.SQLException;

/**
 * Work that is written whole or not at all. It may run again after a failure that had nothing to do
 * with it, so it has no effect outside the transaction.
 */
@FunctionalInterface
public interface UnitOfWork<T> {
  /** Does the work; an exception undoes all of it. */
  T run(Tx tx) throws SQLException;
}
