/**
 * What is shipped, jar or native executable, started and ended as processes: starts, crashes, and
 * several nodes.
 */
@NullMarked
package io.tallybook.service.process;

import org.jspecify.annotations.NullMarked;
