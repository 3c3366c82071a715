/** Benchmarks of the ledger. */
@NullMarked
package io.tallybook.benchmarks;

import org.jspecify.annotations.NullMarked;
