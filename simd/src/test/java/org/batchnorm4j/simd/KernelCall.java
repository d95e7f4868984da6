package org.batchnorm4j.simd;

import org.batchnorm4j.kernel.CpuKernels;

/** Each kernel, and each way to call it in place, on a {@link Block}. */
enum KernelCall {
  RUN_MOMENT_SUMS {
    @Override
    void on(CpuKernels k, Block t) {
      k.runMomentSums(
          t.x, Block.X_FROM, t.count, t.length, t.mean, Block.AT, t.sums, t.moreSums, Block.AT);
    }
  },
  STANDARDISE_RUNS {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRuns(k, t, t.out, Block.OUT_FROM, false);
    }
  },
  STANDARDISE_RUNS_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRuns(k, t, t.x, Block.X_FROM, false);
    }
  },
  STANDARDISE_RUNS_IN_PLACE_WITH_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRuns(k, t, t.x, Block.X_FROM, true);
    }
  },
  STANDARDISE_RUNS_ADD_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRunsAddRelu(k, t, t.out, Block.OUT_FROM);
    }
  },
  STANDARDISE_RUNS_ADD_RELU_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRunsAddRelu(k, t, t.x, Block.X_FROM);
    }
  },
  STANDARDISE_RUNS_ADD_RELU_INTO_WHAT_IS_ADDED {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRunsAddRelu(k, t, t.g, Block.G_FROM);
    }
  },
  GATE_RUNS {
    @Override
    void on(CpuKernels k, Block t) {
      gateRuns(k, t, t.out, Block.OUT_FROM);
    }
  },
  GATE_RUNS_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      gateRuns(k, t, t.g, Block.G_FROM);
    }
  },
  GATED_RUN_GRADIENT_SUMS {
    @Override
    void on(CpuKernels k, Block t) {
      gatedRunGradientSums(k, t, t.out, Block.OUT_FROM);
    }
  },
  GATED_RUN_GRADIENT_SUMS_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      gatedRunGradientSums(k, t, t.g, Block.G_FROM);
    }
  },
  RUN_GRADIENT_SUMS {
    @Override
    void on(CpuKernels k, Block t) {
      k.runGradientSums(
          t.x,
          Block.X_FROM,
          t.g,
          Block.G_FROM,
          t.count,
          t.length,
          t.mean,
          Block.AT,
          t.sums,
          t.moreSums,
          Block.AT);
    }
  },
  RUN_GRADIENT_SUMS_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      k.runGradientSumsRelu(
          t.x,
          Block.X_FROM,
          t.g,
          Block.G_FROM,
          t.count,
          t.length,
          t.mean,
          t.scale,
          t.shift,
          Block.AT,
          t.sums,
          t.moreSums,
          Block.AT);
    }
  },
  RUN_INPUT_GRADIENT {
    @Override
    void on(CpuKernels k, Block t) {
      runInputGradient(k, t, t.out, Block.OUT_FROM);
    }
  },
  RUN_INPUT_GRADIENT_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      runInputGradient(k, t, t.g, Block.G_FROM);
    }
  },
  RUN_INPUT_GRADIENT_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      runInputGradientRelu(k, t, t.out, Block.OUT_FROM);
    }
  },
  RUN_INPUT_GRADIENT_RELU_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      runInputGradientRelu(k, t, t.g, Block.G_FROM);
    }
  },
  ROW_MOMENT_SUMS {
    @Override
    void on(CpuKernels k, Block t) {
      k.rowMomentSums(
          t.x, Block.X_FROM, t.count, t.stride, t.length, t.mean, t.sums, t.moreSums, Block.AT);
    }
  },
  STANDARDISE_ROWS {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRows(k, t, t.out, Block.OUT_FROM, false);
    }
  },
  STANDARDISE_ROWS_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRows(k, t, t.x, Block.X_FROM, false);
    }
  },
  STANDARDISE_ROWS_IN_PLACE_WITH_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRows(k, t, t.x, Block.X_FROM, true);
    }
  },
  STANDARDISE_ROWS_ADD_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRowsAddRelu(k, t, t.out, Block.OUT_FROM);
    }
  },
  STANDARDISE_ROWS_ADD_RELU_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRowsAddRelu(k, t, t.x, Block.X_FROM);
    }
  },
  STANDARDISE_ROWS_ADD_RELU_INTO_WHAT_IS_ADDED {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRowsAddRelu(k, t, t.g, Block.G_FROM);
    }
  },
  ROW_GRADIENT_SUMS {
    @Override
    void on(CpuKernels k, Block t) {
      k.rowGradientSums(
          t.x,
          Block.X_FROM,
          t.g,
          Block.G_FROM,
          t.count,
          t.stride,
          t.length,
          t.mean,
          t.sums,
          t.moreSums,
          Block.AT);
    }
  },
  ROW_GRADIENT_SUMS_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      k.rowGradientSumsRelu(
          t.x,
          Block.X_FROM,
          t.g,
          Block.G_FROM,
          t.count,
          t.stride,
          t.length,
          t.mean,
          t.scale,
          t.shift,
          t.sums,
          t.moreSums,
          Block.AT);
    }
  },
  ROW_INPUT_GRADIENT {
    @Override
    void on(CpuKernels k, Block t) {
      rowInputGradient(k, t, t.out, Block.OUT_FROM);
    }
  },
  ROW_INPUT_GRADIENT_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      rowInputGradient(k, t, t.g, Block.G_FROM);
    }
  },
  ROW_INPUT_GRADIENT_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      rowInputGradientRelu(k, t, t.out, Block.OUT_FROM);
    }
  },
  ROW_INPUT_GRADIENT_RELU_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      rowInputGradientRelu(k, t, t.g, Block.G_FROM);
    }
  };

  abstract void on(CpuKernels k, Block t);

  private static void standardiseRuns(CpuKernels k, Block t, float[] y, int yFrom, boolean relu) {
    k.standardiseRuns(
        t.x, Block.X_FROM, y, yFrom, t.count, t.length, t.mean, t.scale, t.shift, Block.AT, relu);
  }

  private static void standardiseRunsAddRelu(CpuKernels k, Block t, float[] y, int yFrom) {
    k.standardiseRunsAddRelu(
        t.x,
        Block.X_FROM,
        t.g,
        Block.G_FROM,
        y,
        yFrom,
        t.count,
        t.length,
        t.mean,
        t.scale,
        t.shift,
        Block.AT);
  }

  private static void gateRuns(CpuKernels k, Block t, float[] out, int outFrom) {
    k.gateRuns(t.x, Block.X_FROM, t.g, Block.G_FROM, out, outFrom, t.count, t.stride, t.length);
  }

  private static void gatedRunGradientSums(CpuKernels k, Block t, float[] out, int outFrom) {
    k.gatedRunGradientSums(
        t.x,
        Block.X_FROM,
        t.y,
        Block.Y_FROM,
        t.g,
        Block.G_FROM,
        out,
        outFrom,
        t.count,
        t.length,
        t.mean,
        Block.AT,
        t.sums,
        t.moreSums,
        Block.AT);
  }

  private static void standardiseRowsAddRelu(CpuKernels k, Block t, float[] y, int yFrom) {
    k.standardiseRowsAddRelu(
        t.x,
        Block.X_FROM,
        t.g,
        Block.G_FROM,
        y,
        yFrom,
        t.count,
        t.stride,
        t.length,
        t.mean,
        t.scale,
        t.shift,
        Block.AT);
  }

  private static void runInputGradient(CpuKernels k, Block t, float[] dx, int dxFrom) {
    k.runInputGradient(
        t.x,
        Block.X_FROM,
        t.g,
        Block.G_FROM,
        dx,
        dxFrom,
        t.count,
        t.length,
        t.mean,
        t.a,
        t.b,
        t.d,
        Block.AT);
  }

  private static void runInputGradientRelu(CpuKernels k, Block t, float[] dx, int dxFrom) {
    k.runInputGradientRelu(
        t.x,
        Block.X_FROM,
        t.g,
        Block.G_FROM,
        dx,
        dxFrom,
        t.count,
        t.length,
        t.mean,
        t.scale,
        t.shift,
        t.a,
        t.b,
        t.d,
        Block.AT);
  }

  private static void standardiseRows(CpuKernels k, Block t, float[] y, int yFrom, boolean relu) {
    k.standardiseRows(
        t.x,
        Block.X_FROM,
        y,
        yFrom,
        t.count,
        t.stride,
        t.length,
        t.mean,
        t.scale,
        t.shift,
        Block.AT,
        relu);
  }

  private static void rowInputGradient(CpuKernels k, Block t, float[] dx, int dxFrom) {
    k.rowInputGradient(
        t.x,
        Block.X_FROM,
        t.g,
        Block.G_FROM,
        dx,
        dxFrom,
        t.count,
        t.stride,
        t.length,
        t.mean,
        t.a,
        t.b,
        t.d,
        Block.AT);
  }

  private static void rowInputGradientRelu(CpuKernels k, Block t, float[] dx, int dxFrom) {
    k.rowInputGradientRelu(
        t.x,
        Block.X_FROM,
        t.g,
        Block.G_FROM,
        dx,
        dxFrom,
        t.count,
        t.stride,
        t.length,
        t.mean,
        t.scale,
        t.shift,
        t.a,
        t.b,
        t.d,
        Block.AT);
  }
}
