package org.batchnorm4j.tensor;

/**
 * A source of matrix multiplication outside this module, found by {@link java.util.ServiceLoader};
 * see {@link MatrixMultiplyChoice}. Creating a provider must be cheap and load nothing.
 * Implementations are safe for use by many threads.
 */
public interface MatrixMultiplyProvider {

  /**
   * Loads what is needed and returns the multiplication.
   *
   * @throws MatrixMultiplyUnavailableException if it cannot work here; the message gives the reason
   *     and the remedy in one line
   */
  MatrixMultiply load() throws MatrixMultiplyUnavailableException;
}
