package org.batchnorm4j.nn.deploy;

import java.util.List;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Tensor;

/**
 * A model without the batch norms that could be folded. Safe for use by many threads as far as the
 * model is.
 *
 * @param model the new model. Layers that have taken in a batch norm, and the chains and blocks
 *     around them, are new; everything else is shared with the original. The original itself if
 *     nothing could be folded
 * @param folded the batch norms that are gone, in order
 * @param kept the batch norms that are still there, in order, and why
 */
public record FoldedModel(Module model, List<FoldedLayer> folded, List<KeptBatchNorm> kept) {

  /** Copies the lists. */
  public FoldedModel {
    folded = List.copyOf(folded);
    kept = List.copyOf(kept);
  }

  /**
   * Measures how far the folded model is from the original on a batch, in inference.
   *
   * @param largest largest difference of an output; NaN if one of two outputs is NaN
   * @param largestOutput largest output of the original, for comparison
   */
  public record Deviation(double largest, double largestOutput) {}

  /**
   * Runs both models on a batch, in inference, and compares their outputs.
   *
   * @param original the model that was folded
   * @param batch an input of both; neither is to work in place
   * @param pass inference, with a backend of choice
   */
  public Deviation deviationFrom(Module original, Tensor batch, Pass pass) {
    double[] expected = original.forward(batch, pass).toDoubles();
    double[] found = model.forward(batch, pass).toDoubles();
    double largest = 0;
    double largestOutput = 0;
    for (int i = 0; i < expected.length; i++) {
      boolean same = Double.compare(expected[i], found[i]) == 0; // NaN and infinities too
      largest = Math.max(largest, same ? 0 : Math.abs(found[i] - expected[i]));
      largestOutput = Math.max(largestOutput, Math.abs(expected[i]));
    }
    return new Deviation(largest, largestOutput);
  }
}
