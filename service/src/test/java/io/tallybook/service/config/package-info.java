/** Tests of the parts below HTTP. */
@NullMarked
package io.tallybook.service.config;

import org.jspecify.annotations.NullMarked;
