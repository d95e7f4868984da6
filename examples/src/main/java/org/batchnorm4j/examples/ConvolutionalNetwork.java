package org.batchnorm4j.examples;

import java.io.PrintStream;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Members;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * A model as a class of its own: convolution, batch norm over its feature maps, ReLU. Inference is
 * safe for use by many threads; training is not.
 */
public final class ConvolutionalNetwork implements Module {
  private final Members members = new Members("ConvolutionalNetwork");
  private final Conv2d conv1;
  private final BatchNorm2d bn1;

  /** A network with repeatable first values. */
  public ConvolutionalNetwork(RandomStream random) {
    Conv2dOptions window = Conv2dOptions.kernel(3).withPadding(1);
    conv1 = members.child("conv1", new Conv2d(3, 16, window, random));
    bn1 = members.child("bn1", new BatchNorm2d(16));
  }

  @Override
  public Tensor forward(Tensor x, Pass pass) {
    return pass.relu(bn1.forward(conv1.forward(x, pass), pass));
  }

  @Override
  public Members members() {
    return members;
  }

  /**
   * Sends four pictures through in training and in inference, and prints the names of the state.
   */
  public static void run(PrintStream out) {
    ConvolutionalNetwork network = new ConvolutionalNetwork(RandomStream.of(1));
    Tensor pictures = Tensor.randn(RandomStream.of(2), 4, 3, 32, 32);
    out.println(network.forward(pictures, Pass.training()).shape());
    out.println(network.forward(pictures, Pass.inference()).shape());
    out.println(network.stateDict().keySet());
  }

  /** Runs the example. */
  public static void main(String[] args) {
    run(System.out);
  }
}
