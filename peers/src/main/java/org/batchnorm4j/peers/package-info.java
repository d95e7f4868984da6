/**
 * libtorch, oneDNN, ONNX Runtime and ND4J, driven from Java: the peers of {@code
 * batchnorm4j-bench}, and what the tests of this module share with them. Read {@link
 * org.batchnorm4j.peers.LibtorchPeer} first.
 */
@NullMarked
package org.batchnorm4j.peers;

import org.jspecify.annotations.NullMarked;
