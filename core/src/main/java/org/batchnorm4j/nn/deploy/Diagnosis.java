package org.batchnorm4j.nn.deploy;

import java.util.Comparator;
import java.util.List;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.Tensor;

/**
 * What is wrong with the batch norms of a model, as far as the model and one batch show it: each
 * {@link Symptom} that reaches its limit, with its layer, a number, the limit and a remedy.
 *
 * <ul>
 *   <li>The model runs once on the batch, in inference, and nothing in it changes. The batch should
 *       be one as training has it: as large, prepared in the same way, from the same data.
 *   <li>Values are looked at where a batch norm takes and gives them, in models of any class. A
 *       bias before a norm is seen in {@link org.batchnorm4j.nn.Sequential} and {@link
 *       org.batchnorm4j.nn.Residual} only.
 *   <li>A layer that is used several times is judged by its first use.
 *   <li>No findings mean that none of these was found, not that a model is good.
 * </ul>
 *
 * <p>Immutable and safe for use by many threads.
 *
 * @param batchNorms number of batch norms that the batch came through
 * @param findings the gravest symptoms first, those of one kind in the order of the model
 */
public record Diagnosis(int batchNorms, List<Finding> findings) {

  /** Copies the findings and puts them in order. */
  public Diagnosis {
    findings = findings.stream().sorted(Comparator.comparing(Finding::symptom)).toList();
  }

  /** Looks at a model with the default limits, on the standard backend. */
  public static Diagnosis diagnose(Module model, Tensor batch) {
    return diagnose(model, batch, DiagnosisLimits.defaults(), Backend.standard());
  }

  /**
   * Looks at a model.
   *
   * @param batch an input of the model
   * @param limits from where on something is a finding
   * @param backend what computes
   * @throws IllegalArgumentException if the batch does not fit the model
   */
  public static Diagnosis diagnose(
      Module model, Tensor batch, DiagnosisLimits limits, Backend backend) {
    return new Checkup(model, limits, backend).of(batch);
  }
}
