package org.batchnorm4j.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.batchnorm4j.benchmarks.comparison.Contender;
import org.batchnorm4j.benchmarks.comparison.Outputs;
import org.batchnorm4j.benchmarks.comparison.Peer;
import org.batchnorm4j.benchmarks.comparison.Problem;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.jspecify.annotations.Nullable;

/**
 * ONNX Runtime's inference on a model of one node, or two with ReLU, which it does not fuse. Input
 * and output are tensors over direct buffers; the output is pinned, so that a run writes into it.
 * One session for each number of threads; its threads stop spinning when a run ends. Used by one
 * thread.
 */
public final class OnnxRuntimePeer implements Peer {

  private static final long STACK = 256 << 20;

  /** For the service loader. */
  public OnnxRuntimePeer() {}

  @Override
  public String name() {
    return "ONNX Runtime";
  }

  /**
   * Makes the environment, once, on a thread with a large stack: native code of its making was seen
   * to recurse past the end of a usual one, which kills the JVM without a word.
   */
  @Override
  public Optional<String> missing() {
    AtomicReference<@Nullable String> why = new AtomicReference<>();
    Runnable make =
        () -> {
          try {
            OrtEnvironment.getEnvironment();
          } catch (LinkageError e) {
            why.set("no native library: " + e);
          }
        };
    Thread thread = new Thread(null, make, "onnxruntime", STACK);
    thread.start();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of("interrupted while it was loaded");
    }
    return Optional.ofNullable(why.get());
  }

  @Override
  public List<String> facts() {
    return List.of(
        "version " + OrtEnvironment.getEnvironment().getVersion(), "pinned outputs, NCHW only");
  }

  @Override
  public boolean solves(Problem problem) {
    boolean first = problem.layout() == Layout.CHANNELS_FIRST || problem.shape().plane() == 1;
    return !problem.operation().isTraining() && first && problem.storage() == DType.FLOAT32;
  }

  @Override
  public Contender prepare(Problem problem) {
    try {
      return new Inference(problem);
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime: preparing " + problem, e);
    }
  }

  private static final class Inference implements Contender {
    private final byte[] model;
    private final FloatBuffer in;
    private final FloatBuffer out;
    private final OnnxTensor x;
    private final OnnxTensor y;
    private final Map<Integer, OrtSession> sessions = new HashMap<>();
    private OrtSession session;

    Inference(Problem problem) throws OrtException {
      model = OnnxModel.of(problem);
      in = direct(problem.x());
      out = direct(problem.x()); // touched
      OrtEnvironment environment = OrtEnvironment.getEnvironment();
      x = OnnxTensor.createTensor(environment, in, problem.shape().axes());
      y = OnnxTensor.createTensor(environment, out, problem.shape().axes());
      session = session(1);
    }

    private static FloatBuffer direct(float[] values) {
      FloatBuffer buffer =
          ByteBuffer.allocateDirect(4 * values.length)
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer();
      return buffer.put(values).rewind();
    }

    private OrtSession session(int threads) throws OrtException {
      OrtSession known = sessions.get(threads);
      if (known == null) {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
          options.setIntraOpNumThreads(threads);
          options.addConfigEntry("session.force_spinning_stop", "1");
          known = OrtEnvironment.getEnvironment().createSession(model, options);
          sessions.put(threads, known);
        }
      }
      return known;
    }

    @Override
    public String implementation() {
      return "CPU execution provider";
    }

    @Override
    public void enter(int threads) {
      try {
        session = session(threads);
      } catch (OrtException e) {
        throw new IllegalStateException("ONNX Runtime: a session on " + threads + " threads", e);
      }
    }

    @Override
    public void run() {
      try {
        session.run(Map.of("x", x), Map.of("y", y)).close();
      } catch (OrtException e) {
        throw new IllegalStateException("ONNX Runtime: running", e);
      }
    }

    @Override
    public Outputs outputs() {
      float[] values = new float[out.capacity()];
      out.get(0, values);
      return new Outputs(values);
    }

    @Override
    public void close() {
      try {
        for (OrtSession each : sessions.values()) {
          each.close();
        }
      } catch (OrtException e) {
        throw new IllegalStateException("ONNX Runtime: closing", e);
      }
      x.close();
      y.close();
    }
  }
}
