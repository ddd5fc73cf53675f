/**
 * Weights: the operator's numbers, and the finer unit in which they count.
 *
 * @module
 */

/** The largest weight that an operator can give. */
export const MAX_WEIGHT = 1000;

/** Units of effective weight for each unit of weight: a weight that grows slowly takes steps of a thousandth. */
export const WEIGHT_UNIT = 1000;
