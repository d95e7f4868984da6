/**
 * Small programs to read and to run, one idea each. Start with {@link
 * org.batchnorm4j.examples.BuiltInBatchNorm1d}; {@link org.batchnorm4j.examples.CustomBatchNorm}
 * shows what is inside.
 */
@NullMarked
package org.batchnorm4j.examples;

import org.jspecify.annotations.NullMarked;
