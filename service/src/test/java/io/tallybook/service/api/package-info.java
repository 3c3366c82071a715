/**
 * The API over HTTP: a class of tests for each topic, and a line that binds it for each storage and
 * for what is shipped.
 */
@NullMarked
package io.tallybook.service.api;

import org.jspecify.annotations.NullMarked;
