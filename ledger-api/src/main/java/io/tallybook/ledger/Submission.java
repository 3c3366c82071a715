package io.tallybook.ledger;

/** What a client sends to be recorded: usage, or a reading of a gauge. */
public sealed interface Submission permits UsageEvent, Reading {}
