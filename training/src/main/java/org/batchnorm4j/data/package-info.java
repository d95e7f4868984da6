/**
 * Pictures with labels: embedded handwriting-like digits, MNIST, Fashion-MNIST and CIFAR-10, and
 * the loader that turns them into batches.
 *
 * <p>In flow a {@code --data} word or a directory, out flow batches: float32 images {@code (N, C,
 * H, W)} and int64 labels. Start reading at {@link org.batchnorm4j.data.Dataset}.
 */
@NullMarked
package org.batchnorm4j.data;

import org.jspecify.annotations.NullMarked;
