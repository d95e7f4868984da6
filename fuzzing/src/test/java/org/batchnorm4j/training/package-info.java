/** Fuzzing of what {@code org.batchnorm4j.training} keeps to itself. */
@NullMarked
package org.batchnorm4j.training;

import org.jspecify.annotations.NullMarked;
