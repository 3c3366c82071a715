/**
 * What every request and answer has in common: headers, errors, JSON, query parameters, cursors.
 */
@NullMarked
package io.tallybook.service.http;

import org.jspecify.annotations.NullMarked;
