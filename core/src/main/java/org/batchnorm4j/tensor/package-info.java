/**
 * Dense tensors on the Java heap and the operations on them.
 *
 * <p>{@link org.batchnorm4j.tensor.Tensor} is the value that flows through everything; {@link
 * org.batchnorm4j.tensor.Backend} computes; {@link org.batchnorm4j.tensor.Arena} lends memory that
 * a training step hands back. Nothing here knows of gradients: see {@code
 * org.batchnorm4j.autograd}. Read {@code Tensor} first, then {@code Backend}.
 */
@NullMarked
package org.batchnorm4j.tensor;

import org.jspecify.annotations.NullMarked;
