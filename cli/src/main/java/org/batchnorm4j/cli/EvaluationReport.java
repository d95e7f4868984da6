package org.batchnorm4j.cli;

import java.util.Locale;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.training.Evaluation;

/**
 * What {@code evaluate} prints.
 *
 * @param trained the checkpoint
 * @param pictures what was read
 * @param evaluation how well
 */
record EvaluationReport(TrainedModel trained, Dataset pictures, Evaluation evaluation) {

  /** A confusion matrix, the loss, and in the last line the accuracy in percent. */
  String text() {
    StringBuilder text = new StringBuilder();
    text.append(trained.title()).append('\n');
    text.append(String.format(Locale.ROOT, "reading %,d pictures", evaluation.count()));
    text.append(" of ").append(pictures.name()).append("\n\n");
    matrix(text);
    text.append(
        String.format(
            Locale.ROOT,
            "\n%,d of %,d read rightly\nloss: %.4f\naccuracy: %.2f %%\n",
            evaluation.correct(),
            evaluation.count(),
            evaluation.loss(),
            100 * evaluation.accuracy()));
    return text.toString();
  }

  private void matrix(StringBuilder text) {
    int classes = evaluation.classes();
    text.append("rows: what a picture is; columns: what it was read as\n     ");
    for (int j = 0; j < classes; j++) {
      text.append(String.format(Locale.ROOT, "%6d", j));
    }
    text.append("   right\n");
    for (int i = 0; i < classes; i++) {
      text.append(String.format(Locale.ROOT, "%5d", i));
      long all = 0;
      for (int j = 0; j < classes; j++) {
        text.append(String.format(Locale.ROOT, "%6d", evaluation.confusion(i, j)));
        all += evaluation.confusion(i, j);
      }
      text.append(
          all == 0
              ? "       -\n"
              : String.format(
                  Locale.ROOT, " %6.2f %%\n", 100.0 * evaluation.confusion(i, i) / all));
    }
  }
}
