package io.tallybook.ledger.storage;

import io.tallybook.ledger.Command;
import org.jspecify.annotations.Nullable;

/** A command with its tenant and what {@link Prefetch} found it to need of the working copy. */
final class Step {
  private static final int[] NO_ROWS = new int[0];

  final Command command;
  final WorkingTenant tenant;

  /** The names of the command, and later of its entry, by the roles of {@link Changes}. */
  final int[] codes = new int[Changes.NAMES_PER_ENTRY];

  /** The row of its identity; -1 where it has none. */
  int id = -1;

  /** What is remembered under the identity. */
  long fingerprint;

  /** When it happened, in microseconds. */
  long time;

  /** Its row in the cells of each view, -1 in those that it does not touch; empty until known. */
  int[] rows = NO_ROWS;

  @Nullable WorkingDocument document;

  Step(Command command, WorkingTenant tenant) {
    this.command = command;
    this.tenant = tenant;
    codes[Changes.TENANT] = tenant.code;
  }
}
