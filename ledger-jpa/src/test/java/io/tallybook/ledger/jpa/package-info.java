/** Tests of the storage on PostgreSQL, against a server of their own. */
@NullMarked
package io.tallybook.ledger.jpa;

import org.jspecify.annotations.NullMarked;
