/**
 * Ready-made networks by name. In flow the shape of the pictures, the number of classes, a seed and
 * a {@link org.batchnorm4j.model.Norm}; out flows a {@link org.batchnorm4j.nn.Module} whose first
 * values depend on nothing else. Read {@link org.batchnorm4j.model.Network} first.
 */
@NullMarked
package org.batchnorm4j.model;

import org.jspecify.annotations.NullMarked;
