/** Tests of the storage on Infinispan, and the servers that they start. */
@NullMarked
package io.tallybook.ledger.infinispan;

import org.jspecify.annotations.NullMarked;
