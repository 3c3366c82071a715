/** Usage, services, settlement and billing: the family of requests that existing clients send. */
@NullMarked
package io.tallybook.service.usage;

import org.jspecify.annotations.NullMarked;
