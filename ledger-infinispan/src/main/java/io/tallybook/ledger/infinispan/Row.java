package io.tallybook.ledger.infinispan;

/**
 * A row as the grid keeps it.
 *
 * @param stamp the number of the commit that it is of: it only ever grows
 * @param value as the kind of row says
 */
@SuppressWarnings("ArrayRecordComponent") // compared with nothing
record Row(long stamp, byte[] value) {}
