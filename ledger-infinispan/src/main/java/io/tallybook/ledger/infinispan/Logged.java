package io.tallybook.ledger.infinispan;

import java.util.UUID;

/**
 * What the log keeps under a number.
 *
 * @param token random; tells whose it is
 * @param value as {@link CommitCodec} writes it
 */
@SuppressWarnings("ArrayRecordComponent") // compared with nothing
record Logged(UUID token, byte[] value) {}
