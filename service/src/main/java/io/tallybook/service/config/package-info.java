/** The settings, and the ledger that is made from them. */
@NullMarked
package io.tallybook.service.config;

import org.jspecify.annotations.NullMarked;
