/**
 * IDX, the format of MNIST and Fashion-MNIST, plain or compressed by gzip.
 *
 * <p>In flows a file, out flow its sizes and, when asked for, its bytes. Start reading at {@link
 * org.batchnorm4j.io.idx.IdxFile}.
 */
@NullMarked
package org.batchnorm4j.io.idx;

import org.jspecify.annotations.NullMarked;
