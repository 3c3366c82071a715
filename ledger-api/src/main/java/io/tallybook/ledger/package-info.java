/**
 * The usage ledger: its words, its commands and outcomes, and {@link io.tallybook.ledger.Ledger},
 * the facade.
 */
@NullMarked
package io.tallybook.ledger;

import org.jspecify.annotations.NullMarked;
