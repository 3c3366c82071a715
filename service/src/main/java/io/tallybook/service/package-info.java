/** The REST service. */
@NullMarked
package io.tallybook.service;

import org.jspecify.annotations.NullMarked;
