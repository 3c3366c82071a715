/** Usage events as CloudEvents: one, a batch, or a stream. */
@NullMarked
package io.tallybook.service.events;

import org.jspecify.annotations.NullMarked;
