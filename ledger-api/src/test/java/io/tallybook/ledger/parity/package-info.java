/** The parity suite. */
@NullMarked
package io.tallybook.ledger.parity;

import org.jspecify.annotations.NullMarked;
