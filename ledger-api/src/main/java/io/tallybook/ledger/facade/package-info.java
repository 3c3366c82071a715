/**
 * The facade: {@link io.tallybook.ledger.facade.Ledger} over any storage, and the reading of
 * answers.
 */
@NullMarked
package io.tallybook.ledger.facade;

import org.jspecify.annotations.NullMarked;
