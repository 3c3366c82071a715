/** The in-memory storage. */
@NullMarked
package io.tallybook.ledger.memory;

import org.jspecify.annotations.NullMarked;
