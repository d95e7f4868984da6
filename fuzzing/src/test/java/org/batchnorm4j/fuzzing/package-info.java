/**
 * Fuzzing: whatever bytes a reader is given, it returns or throws an {@code IOException} that says
 * what is wrong; it takes no more memory than its limits allow, ends, and what it accepts comes
 * back from a writer as it was.
 *
 * <p>In flow seeds that code has made and what Jazzer makes of them. Start reading at {@link
 * org.batchnorm4j.fuzzing.SafetensorsFuzzTest}.
 */
@NullMarked
package org.batchnorm4j.fuzzing;

import org.jspecify.annotations.NullMarked;
