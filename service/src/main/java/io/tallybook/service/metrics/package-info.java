/** The metrics of the service: MicroProfile's and Micrometer's in one registry. */
@NullMarked
package io.tallybook.service.metrics;

import org.jspecify.annotations.NullMarked;
