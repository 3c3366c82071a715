/**
 * Maintained rollups: their definitions, the choice of the one that answers a question, and the
 * reading of it.
 */
@NullMarked
package io.tallybook.ledger.view;

import org.jspecify.annotations.NullMarked;
