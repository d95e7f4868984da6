/**
 * Safetensors: names, types, shapes and raw values of tensors in one file, and nothing that runs.
 *
 * <p>A file is the length of the header (8 bytes, little-endian), the header (JSON), and the data
 * section, which the tensors fill without holes. In flows a file, out flow lazy {@link
 * org.batchnorm4j.io.TensorHandle}s; the other way round, tensors become a file whose bytes depend
 * on nothing but names, values and metadata. Start reading at {@link
 * org.batchnorm4j.io.safetensors.SafetensorsFile}.
 */
@NullMarked
package org.batchnorm4j.io.safetensors;

import org.jspecify.annotations.NullMarked;
