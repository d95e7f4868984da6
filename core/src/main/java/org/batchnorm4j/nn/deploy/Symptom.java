package org.batchnorm4j.nn.deploy;

/**
 * What usually goes wrong with a batch norm, the gravest first. Immutable and safe for use by many
 * threads.
 */
public enum Symptom {
  /** NaN or infinity in a parameter, a buffer, the batch, or what reaches a batch norm. */
  NOT_FINITE("NaN or infinity"),
  /** Running mean 0 and running variance 1 everywhere: no batch has moved them. */
  NEVER_UPDATED("statistics never updated"),
  /** The batch's mean and variance are not those that inference normalises with. */
  FAR_STATISTICS("batch far from running statistics"),
  /** A running variance not above eps, so that eps decides how inference scales the channel. */
  TINY_VARIANCE("tiny running variance"),
  /** Channels whose output is one number for the whole batch. */
  DEAD_CHANNELS("dead channels"),
  /** Too few samples for statistics that mean something. */
  SMALL_BATCH("batch too small"),
  /** A new batch outweighs all before it: a momentum that was meant as the weight of the old. */
  INVERTED_MOMENTUM("momentum looks inverted"),
  /** A bias right before a batch norm, which takes it away again with the mean. */
  CANCELLED_BIAS("bias cancelled by the norm");

  private final String title;

  Symptom(String title) {
    this.title = title;
  }

  /** In a few words, for tables. */
  public String title() {
    return title;
  }
}
