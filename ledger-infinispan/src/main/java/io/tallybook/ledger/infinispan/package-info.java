/**
 * The storage on an Infinispan grid: a log of commits, each one conditional write, and rows that
 * checkpoints write from it.
 */
@NullMarked
package io.tallybook.ledger.infinispan;

import org.jspecify.annotations.NullMarked;
