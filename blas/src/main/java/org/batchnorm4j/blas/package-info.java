/**
 * OpenBLAS behind {@link org.batchnorm4j.tensor.MatrixMultiply}.
 *
 * <p>Heap arrays go straight to native code, without copies. The library comes from the JavaCPP
 * presets' jar on the class path; it is unpacked once into a cache directory of the user and loaded
 * when it is first asked for. Read {@link org.batchnorm4j.blas.OpenBlasProvider} first.
 */
@NullMarked
package org.batchnorm4j.blas;

import org.jspecify.annotations.NullMarked;
