package org.batchnorm4j.tensor;

/**
 * Where a matrix lies.
 *
 * @param <A> the array type
 * @param array the array
 * @param from index of the first element
 * @param leading elements between the starts of adjacent rows
 */
record MatrixRange<A>(A array, int from, int leading) {}
