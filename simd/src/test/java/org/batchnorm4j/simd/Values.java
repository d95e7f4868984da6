package org.batchnorm4j.simd;

import java.util.Random;

/** The kinds of numbers that kernels meet. */
enum Values {
  ORDINARY {
    @Override
    float next(Random random) {
      return (float) random.nextGaussian() + 0.5f;
    }
  },
  WIDE_RANGE {
    @Override
    float next(Random random) {
      return (float) Math.scalb(random.nextGaussian(), random.nextInt(60) - 30);
    }
  },
  SPECIAL {
    private final float[] few = {
      Float.NaN,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      -0.0f,
      0.0f,
      Float.MIN_VALUE,
      -Float.MIN_NORMAL / 3
    };

    @Override
    float next(Random random) {
      // rare, so that most sums stay finite and still show their bits
      return random.nextInt(60) == 0
          ? few[random.nextInt(few.length)]
          : (float) random.nextGaussian();
    }
  },
  ZEROS_AND_SUBNORMALS {
    @Override
    float next(Random random) {
      return switch (random.nextInt(4)) {
        case 0 -> -0.0f;
        case 1 -> 0.0f;
        case 2 -> Float.MIN_VALUE * random.nextInt(1000);
        default -> -Float.MIN_NORMAL * random.nextFloat();
      };
    }
  },
  HUGE {
    @Override
    float next(Random random) {
      return 1e30f * (1 + 0.01f * (float) random.nextGaussian());
    }
  },
  CONSTANT {
    @Override
    float next(Random random) {
      return 0.1f;
    }
  };

  abstract float next(Random random);

  float[] array(Random random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = next(random);
    }
    return values;
  }
}
