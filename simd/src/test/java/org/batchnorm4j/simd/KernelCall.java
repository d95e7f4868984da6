package org.batchnorm4j.simd;

import org.batchnorm4j.kernel.CpuKernels;

/** Each kernel, and each way to call it in place, on a {@link Block}. */
enum KernelCall {
  PLANE_MOMENTS {
    @Override
    void on(CpuKernels k, Block t) {
      k.planeMoments(t.x, Block.X_FROM, t.count, t.stride, t.length, t.sums, Block.AT);
    }
  },
  STANDARDISE_PLANES {
    @Override
    void on(CpuKernels k, Block t) {
      standardisePlanes(k, t, t.out, Block.OUT_FROM, false);
    }
  },
  STANDARDISE_PLANES_IN_PLACE_WITH_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      standardisePlanes(k, t, t.x, Block.X_FROM, true);
    }
  },
  STANDARDISE_PLANES_ADD_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      standardisePlanesAddRelu(k, t, t.out, Block.OUT_FROM);
    }
  },
  STANDARDISE_PLANES_ADD_RELU_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      standardisePlanesAddRelu(k, t, t.x, Block.X_FROM);
    }
  },
  STANDARDISE_PLANES_ADD_RELU_INTO_WHAT_IS_ADDED {
    @Override
    void on(CpuKernels k, Block t) {
      standardisePlanesAddRelu(k, t, t.g, Block.G_FROM);
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
  PLANE_GRADIENT_SUMS {
    @Override
    void on(CpuKernels k, Block t) {
      k.planeGradientSums(
          t.x,
          Block.X_FROM,
          t.g,
          Block.G_FROM,
          t.count,
          t.stride,
          t.length,
          t.mean[0],
          t.sums,
          Block.AT);
    }
  },
  PLANE_GATED_GRADIENT_SUMS {
    @Override
    void on(CpuKernels k, Block t) {
      planeGatedGradientSums(k, t, t.out, Block.OUT_FROM);
    }
  },
  PLANE_GATED_GRADIENT_SUMS_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      planeGatedGradientSums(k, t, t.g, Block.G_FROM);
    }
  },
  PLANE_GRADIENT_SUMS_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      k.planeGradientSumsRelu(
          t.x,
          Block.X_FROM,
          t.g,
          Block.G_FROM,
          t.count,
          t.stride,
          t.length,
          t.mean[0],
          t.scale[0],
          t.shift[0],
          t.sums,
          Block.AT);
    }
  },
  PLANE_INPUT_GRADIENT {
    @Override
    void on(CpuKernels k, Block t) {
      planeInputGradient(k, t, t.out, Block.OUT_FROM);
    }
  },
  PLANE_INPUT_GRADIENT_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      planeInputGradient(k, t, t.g, Block.G_FROM);
    }
  },
  PLANE_INPUT_GRADIENT_RELU {
    @Override
    void on(CpuKernels k, Block t) {
      planeInputGradientRelu(k, t, t.out, Block.OUT_FROM);
    }
  },
  PLANE_INPUT_GRADIENT_RELU_IN_PLACE {
    @Override
    void on(CpuKernels k, Block t) {
      planeInputGradientRelu(k, t, t.g, Block.G_FROM);
    }
  },
  ROW_MOMENTS {
    @Override
    void on(CpuKernels k, Block t) {
      k.rowMoments(t.x, Block.X_FROM, t.count, t.stride, t.length, t.sums, t.moreSums, Block.AT);
    }
  },
  STANDARDISE_ROWS {
    @Override
    void on(CpuKernels k, Block t) {
      standardiseRows(k, t, t.out, Block.OUT_FROM, false);
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

  private static void standardisePlanes(CpuKernels k, Block t, float[] y, int yFrom, boolean relu) {
    k.standardisePlanes(
        t.x,
        Block.X_FROM,
        y,
        yFrom,
        t.count,
        t.stride,
        t.length,
        t.mean[0],
        t.scale[0],
        t.shift[0],
        relu);
  }

  private static void standardisePlanesAddRelu(CpuKernels k, Block t, float[] y, int yFrom) {
    k.standardisePlanesAddRelu(
        t.x,
        Block.X_FROM,
        t.g,
        Block.G_FROM,
        y,
        yFrom,
        t.count,
        t.stride,
        t.length,
        t.mean[0],
        t.scale[0],
        t.shift[0]);
  }

  private static void gateRuns(CpuKernels k, Block t, float[] out, int outFrom) {
    k.gateRuns(t.x, Block.X_FROM, t.g, Block.G_FROM, out, outFrom, t.count, t.stride, t.length);
  }

  private static void planeGatedGradientSums(CpuKernels k, Block t, float[] out, int outFrom) {
    k.planeGatedGradientSums(
        t.x,
        Block.X_FROM,
        t.y,
        Block.Y_FROM,
        t.g,
        Block.G_FROM,
        out,
        outFrom,
        t.count,
        t.stride,
        t.length,
        t.mean[0],
        t.sums,
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

  private static void planeInputGradient(CpuKernels k, Block t, float[] dx, int dxFrom) {
    k.planeInputGradient(
        t.x,
        Block.X_FROM,
        t.g,
        Block.G_FROM,
        dx,
        dxFrom,
        t.count,
        t.stride,
        t.length,
        t.mean[0],
        t.a[0],
        t.b[0],
        t.d[0]);
  }

  private static void planeInputGradientRelu(CpuKernels k, Block t, float[] dx, int dxFrom) {
    k.planeInputGradientRelu(
        t.x,
        Block.X_FROM,
        t.g,
        Block.G_FROM,
        dx,
        dxFrom,
        t.count,
        t.stride,
        t.length,
        t.mean[0],
        t.scale[0],
        t.shift[0],
        t.a[0],
        t.b[0],
        t.d[0]);
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
