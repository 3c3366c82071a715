/** What operators ask: health and indexes. */
@NullMarked
package io.tallybook.service.ops;

import org.jspecify.annotations.NullMarked;
