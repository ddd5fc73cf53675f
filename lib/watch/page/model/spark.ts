/**
 * Sparklines: a minute of one number as the path of a drawing.
 *
 * @module
 */

/** How many seconds a sparkline shows. */
export const SPARK_SECONDS = 60;
/** Units of the drawing. */
export const SPARK_WIDTH = 60;
/** See {@link SPARK_WIDTH}. */
export const SPARK_HEIGHT = 16;

/** The largest known value, at least 1. */
export function peakOf(values: readonly number[]): number {
  return values.reduce((peak, value) => value > peak ? value : peak, 1);
}

/**
 * The line through the known values, with gaps where nothing is known.
 *
 * @param peak The value at the upper edge; the lower edge is 0, so that sparklines do not exaggerate.
 */
export function sparkPath(values: readonly number[], peak: number = peakOf(values)): string {
  const step = SPARK_WIDTH / (values.length - 1);
  let path = "";
  let drawing = false;
  values.forEach((value, at) => {
    if (Number.isNaN(value)) {
      drawing = false;
      return;
    }
    // Half a unit inside, so that the line is not cut at the edges.
    const y = SPARK_HEIGHT - 0.75 - (SPARK_HEIGHT - 1.5) * value / peak;
    path += `${drawing ? "L" : "M"}${short(at * step)} ${short(y)}`;
    drawing = true;
  });
  return path;
}

function short(number: number): string {
  return String(Math.round(number * 10) / 10);
}
