package org.batchnorm4j.benchmarks.comparison;

/**
 * Everything that a contender computed.
 *
 * @param tensor y or dx, in the problem's layout, as float32
 * @param first mean or gradient of gamma, per channel; empty in inference
 * @param second <em>unbiased</em> variance or gradient of beta, per channel; empty in inference
 * @param residual gradient of what was added; empty where nothing was
 */
@SuppressWarnings("ArrayRecordComponent") // a bundle of columns, never compared
public record Outputs(float[] tensor, float[] first, float[] second, float[] residual) {

  /** Outputs without a residual. */
  public Outputs(float[] tensor, float[] first, float[] second) {
    this(tensor, first, second, new float[0]);
  }

  /** The output of inference. */
  public Outputs(float[] tensor) {
    this(tensor, new float[0], new float[0]);
  }
}
