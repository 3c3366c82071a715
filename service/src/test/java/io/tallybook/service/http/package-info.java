/** Tests of the parts below HTTP. */
@NullMarked
package io.tallybook.service.http;

import org.jspecify.annotations.NullMarked;
