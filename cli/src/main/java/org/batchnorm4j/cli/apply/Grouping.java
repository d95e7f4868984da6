package org.batchnorm4j.cli.apply;

import org.batchnorm4j.tensor.Shape;

/**
 * Which values of an input share statistics, and which share a weight. A value at index i in
 * row-major order belongs to group {@link #group} and to the parameter {@link #parameter}.
 *
 * @param outer product of the axes before the parameters' axis: N, or all leading axes
 * @param parameters number of values in weight and bias
 * @param inner values that follow one another under one parameter: the positions, or 1
 * @param perSample how many groups a sample has; 0 where the groups go over all samples
 */
record Grouping(int outer, int parameters, int inner, int perSample) {

  static Grouping of(NormTensors tensors, NormOptions options) {
    Shape shape = tensors.input().shape();
    return switch (options.kind()) {
      case BATCH_NORM -> channels(shape, 0);
      case INSTANCE_NORM -> channels(shape, (int) shape.axis(1));
      case GROUP_NORM -> {
        int groups = NormTensors.groups(options);
        Grouping perChannel = channels(shape, groups);
        yield tensors.isPerGroup(options)
            ? new Grouping(perChannel.outer, groups, perChannel.groupSize(), groups)
            : perChannel;
      }
      case LAYER_NORM, RMS_NORM -> {
        Shape normalized = tensors.normalizedShape(options);
        int kept = shape.rank() - normalized.rank();
        yield new Grouping((int) shape.span(0, kept), (int) normalized.size(), 1, 1);
      }
    };
  }

  private static Grouping channels(Shape shape, int perSample) {
    return new Grouping(
        (int) shape.axis(0), (int) shape.axis(1), (int) shape.span(2, shape.rank()), perSample);
  }

  /** Number of groups. */
  int groups() {
    return perSample == 0 ? parameters : outer * perSample;
  }

  /** Values in a group. */
  int groupSize() {
    return perSample == 0 ? outer * inner : parameters / perSample * inner;
  }

  /** Values that share a parameter. */
  int parameterSize() {
    return outer * inner;
  }

  int parameter(int i) {
    return i / inner % parameters;
  }

  int group(int i) {
    int parameter = parameter(i);
    if (perSample == 0) {
      return parameter;
    }
    return i / inner / parameters * perSample + parameter / (parameters / perSample);
  }
}
