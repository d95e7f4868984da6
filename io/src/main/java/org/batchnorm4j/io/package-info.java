/**
 * Reading and writing files safely: errors, limits, and a writer that never leaves half a file.
 *
 * <p>In flow bytes that nobody has checked, out flow named tensors or an error that names file,
 * field and byte; the other way round, whole files or none. One package per format lies below this
 * one. Start reading at {@link org.batchnorm4j.io.DurableFile} for writing and {@link
 * org.batchnorm4j.io.ReadLimits} for reading.
 */
@NullMarked
package org.batchnorm4j.io;

import org.jspecify.annotations.NullMarked;
