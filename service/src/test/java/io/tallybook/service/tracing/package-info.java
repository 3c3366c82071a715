/** Tests of the traces. */
@NullMarked
package io.tallybook.service.tracing;

import org.jspecify.annotations.NullMarked;
