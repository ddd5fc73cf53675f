/**
 * The drawing that a sparkline is in.
 *
 * @module
 */
import { draw } from "./dom.ts";
import { SPARK_HEIGHT, SPARK_WIDTH } from "./model/spark.ts";

/** A drawing with some lines. */
export interface Spark {
  /** The drawing. */
  readonly element: SVGSVGElement;
  /** Its lines, which are drawn by their `d`. */
  readonly lines: SVGPathElement[];
}

/** Makes an empty one. What it shows stands beside it as a number, so it is silent to screen readers. */
export function makeSpark(lines = 1): Spark {
  const paths = Array.from({ length: lines }, () => draw("path"));
  const element = draw("svg", {
    class: "spark",
    viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  }, ...paths);
  return { element, lines: paths };
}
