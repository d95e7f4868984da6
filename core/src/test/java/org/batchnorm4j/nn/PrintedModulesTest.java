package org.batchnorm4j.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The texts are those of {@code print(module)} in PyTorch 2. */
class PrintedModulesTest {

  @Test
  void layersPrintAsInPyTorch() {
    assertEquals(
        "Linear(in_features=100, out_features=50, bias=True)", new Linear(100, 50).toString());
    assertEquals(
        "Conv2d(3, 16, kernel_size=(3, 3), stride=(1, 1))",
        new Conv2d(3, 16, Conv2dOptions.kernel(3)).toString());
    assertEquals(
        "Conv2d(4, 8, kernel_size=(3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2,"
            + " bias=False)",
        new Conv2d(
                4,
                8,
                Conv2dOptions.kernel(3, 5)
                    .withStride(2, 1)
                    .withPadding(1, 2)
                    .withDilation(1, 2)
                    .withGroups(2)
                    .withBias(false))
            .toString());
    assertEquals(
        "MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=False)",
        new MaxPool2d(3, 2, 1).toString());
    assertEquals("AvgPool2d(kernel_size=2, stride=2, padding=0)", new AvgPool2d(2).toString());
    assertEquals("AdaptiveAvgPool2d(output_size=1)", new AdaptiveAvgPool2d(1).toString());
    assertEquals("AdaptiveAvgPool2d(output_size=(2, 3))", new AdaptiveAvgPool2d(2, 3).toString());
    assertEquals("Dropout(p=0.5, inplace=False)", new Dropout().toString());
    assertEquals("ReLU()", new ReLU().toString());
    assertEquals("Flatten(start_dim=1, end_dim=-1)", new Flatten().toString());
    assertEquals("Sequential()", new Sequential().toString());
  }

  @Test
  void partsAreIndentedBelowTheirModule() {
    Sequential model =
        new Sequential(
            new Residual(
                new Sequential().add("fc", new Linear(2, 2)).add("relu", new ReLU()),
                new Flatten()),
            new Dropout(0.25));
    assertEquals(
        """
        Sequential(
          (0): Residual(
            (body): Sequential(
              (fc): Linear(in_features=2, out_features=2, bias=True)
              (relu): ReLU()
            )
            (shortcut): Flatten(start_dim=1, end_dim=-1)
          )
          (1): Dropout(p=0.25, inplace=False)
        )\
        """,
        model.toString());
  }

  @Test
  void ownModulesPrintTheirArgumentsAboveTheirParts() {
    Members members = new Members("Block");
    members.child("act", new ReLU());
    assertEquals("Block(\n  width=3\n  (act): ReLU()\n)", members.describe("width=3"));
  }

  @Test
  void batchNormPrintsAsInPyTorchAndSaysWhatPyTorchDoesNotHave() {
    assertEquals(
        "BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)",
        new BatchNorm1d(3).toString());
    assertEquals(
        "BatchNorm2d(7, eps=0.001, momentum=None, affine=False, bias=True,"
            + " track_running_stats=False)",
        new BatchNorm2d(
                7,
                BatchNormOptions.pytorch()
                    .withEps(1e-3)
                    .withCumulativeAverage()
                    .withAffine(false)
                    .withTrackRunningStats(false))
            .toString());
    assertEquals(
        "BatchNormNd(2, eps=0.001, momentum=0.01, affine=True, bias=True,"
            + " track_running_stats=True, running_variance=BIASED, batch_of_one=ACCEPT, axis=-1)",
        new BatchNormNd(2, BatchNormOptions.keras()).toString());
    assertEquals(
        "eps=1e-05, momentum=max(1.0/n, 0.1), affine=True, bias=True, track_running_stats=True,"
            + " gamma=Normal[mean=1.0, deviation=0.01], batch_of_one=ACCEPT, name=bn, empty=True,"
            + " inplace=True",
        BatchNormOptions.puzzleLib().withName("bn").withEmpty(true).withInplace(true).toString());
  }
}
