/** The traces of the service: requests over HTTP, commits and calls of the storage. */
@NullMarked
package io.tallybook.service.tracing;

import org.jspecify.annotations.NullMarked;
