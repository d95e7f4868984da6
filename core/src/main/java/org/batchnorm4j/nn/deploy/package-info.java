/**
 * What is done to a model besides training it: batch norms get the exact statistics of a
 * population, are folded into the layers before them, and are looked at for what usually goes
 * wrong. Models and batches flow in; models that were changed or built anew, and reports, flow out.
 *
 * <p>Read {@link org.batchnorm4j.nn.deploy.Recalibration} first.
 */
@NullMarked
package org.batchnorm4j.nn.deploy;

import org.jspecify.annotations.NullMarked;
