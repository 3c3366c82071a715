/**
 * The storage contract, and the commit planner that decides for every storage what a group means.
 */
@NullMarked
package io.tallybook.ledger.storage;

import org.jspecify.annotations.NullMarked;
