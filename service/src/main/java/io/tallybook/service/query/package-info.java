/** Questions for entries, rollups and views. */
@NullMarked
package io.tallybook.service.query;

import org.jspecify.annotations.NullMarked;
