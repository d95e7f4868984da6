package org.batchnorm4j.peers;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.batchnorm4j.nn.GRUCell;
import org.batchnorm4j.nn.LSTMCell;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.nn.RNNCell;
import org.batchnorm4j.nn.RecurrentCell;
import org.batchnorm4j.nn.RecurrentOptions;
import org.batchnorm4j.nn.RecurrentState;
import org.batchnorm4j.peers.LayerCase.Numbers;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Draws one step of cells without norms; the output of an LSTM is its state above its memory. */
final class RecurrentCases {
  private final LayerDraw draw;
  private final int in;
  private final int hidden;
  private final int batch;
  private final RecurrentOptions options;

  private RecurrentCases(LayerDraw draw) {
    this.draw = draw;
    in = draw.size(1, 5);
    hidden = draw.size(1, 4);
    batch = draw.batch();
    options = RecurrentOptions.defaults().withBias(!draw.oneIn(3)).withDtype(draw.type());
  }

  static LayerCase rnn(LayerDraw draw) {
    RecurrentCases drawn = new RecurrentCases(draw);
    boolean relu = draw.oneIn(2);
    RNNCell.Nonlinearity bend = relu ? RNNCell.Nonlinearity.RELU : RNNCell.Nonlinearity.TANH;
    return drawn.of(
        new RNNCell(drawn.in, drawn.hidden, drawn.options, bend, draw.stream()),
        1,
        (x, w) ->
            relu
                ? torch.rnn_relu_cell(
                    x.get(0), x.get(1), w.get("weight_ih"), w.get("weight_hh"), ih(w), hh(w))
                : torch.rnn_tanh_cell(
                    x.get(0), x.get(1), w.get("weight_ih"), w.get("weight_hh"), ih(w), hh(w)));
  }

  static LayerCase gru(LayerDraw draw) {
    RecurrentCases drawn = new RecurrentCases(draw);
    return drawn.of(
        new GRUCell(drawn.in, drawn.hidden, drawn.options, draw.stream()),
        3,
        (x, w) ->
            torch.gru_cell(
                x.get(0), x.get(1), w.get("weight_ih"), w.get("weight_hh"), ih(w), hh(w)));
  }

  static LayerCase lstm(LayerDraw draw) {
    RecurrentCases drawn = new RecurrentCases(draw);
    return drawn.of(
        new LSTMCell(drawn.in, drawn.hidden, drawn.options, draw.stream()),
        4,
        (x, w) -> {
          T_TensorTensor_T both =
              torch.lstm_cell(
                  x.get(0),
                  new TensorVector(x.get(1), x.get(2)),
                  w.get("weight_ih"),
                  w.get("weight_hh"),
                  ih(w),
                  hh(w));
          return torch.cat(new TensorVector(both.get0(), both.get1()), 0);
        });
  }

  private static TensorOptional ih(Map<String, Tensor> state) {
    return optional(state.get("bias_ih"));
  }

  private static TensorOptional hh(Map<String, Tensor> state) {
    return optional(state.get("bias_hh"));
  }

  private static TensorOptional optional(Tensor tensor) {
    return tensor == null ? new TensorOptional() : new TensorOptional(tensor);
  }

  private LayerCase of(RecurrentCell cell, int gates, LayerCase.Theirs theirs) {
    int perGate = Math.max(in, hidden) + 1;
    for (Parameter parameter : cell.parameters()) {
      Numbers drawn = draw.uniform(1.0 / perGate, parameter.value().shape().toArray());
      parameter.value().copyFrom(drawn.tensor(draw.setting()));
    }
    Numbers x = draw.uniform(1, batch, in);
    Numbers h = draw.uniform(1, batch, hidden);
    boolean remembers = cell.hasMemory();
    return new LayerCase(
        cell.toString(),
        draw.setting(),
        cell,
        remembers ? List.of(x, h, draw.uniform(1, batch, hidden)) : List.of(x, h),
        (inputs, pass) -> {
          Optional<org.batchnorm4j.tensor.Tensor> memory =
              remembers ? Optional.of(inputs.get(2)) : Optional.empty();
          RecurrentState next =
              cell.step(inputs.get(0), new RecurrentState(inputs.get(1), memory), 0, pass);
          return next.memory()
              .map(kept -> pass.concatenate(List.of(next.hidden(), kept)))
              .orElse(next.hidden());
        },
        theirs,
        new LayerTolerance.OfCell(perGate, Math.max(batch, gates * hidden + 1)));
  }
}
