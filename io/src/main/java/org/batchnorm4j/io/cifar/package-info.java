/**
 * The binary version of CIFAR-10.
 *
 * <p>In flows a file, out flow its records as bytes. Start reading at {@link
 * org.batchnorm4j.io.cifar.CifarFile}.
 */
@NullMarked
package org.batchnorm4j.io.cifar;

import org.jspecify.annotations.NullMarked;
