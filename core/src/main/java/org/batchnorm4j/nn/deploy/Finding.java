package org.batchnorm4j.nn.deploy;

/**
 * Something that {@link Diagnosis} found. Immutable and safe for use by many threads.
 *
 * @param symptom what it is
 * @param path the layer or the tensor; {@code input} and {@code output} are those of the model
 * @param number what was measured, as the symptom's limit in {@link DiagnosisLimits} counts it
 * @param threshold the limit that it reached
 * @param detail where and how much, in words
 * @param remedy what to do
 */
public record Finding(
    Symptom symptom, String path, double number, double threshold, String detail, String remedy) {}
