/**
 * The ledger on PostgreSQL. {@link io.tallybook.ledger.jpa.JpaStore} is the storage; questions go
 * through Panache repositories, and what a group changes is written by a few statements of many
 * rows.
 */
@NullMarked
package io.tallybook.ledger.jpa;

import org.jspecify.annotations.NullMarked;
