/**
 * Statistics of interleaved measurements. Pure.
 *
 * @module
 */

/** Middle, smallest and largest of some values. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** CPU time, seconds. */
export interface CpuTime {
  readonly user: number;
  readonly system: number;
}

/** One measurement of one candidate in one repetition. */
export interface Sample {
  readonly test: string;
  readonly candidate: string;
  readonly rep: number;
  /** Units done: requests, connections or megabytes. */
  readonly units: number;
  /** Units per second. */
  readonly rate: number;
  readonly errors: number;
  /** Wall-clock time of the measurement, seconds. */
  readonly seconds: number;
  /** What the candidate's processes used; zero for the direct connection. */
  readonly cpu: CpuTime;
  /** Latency percentiles, microseconds; zero where the test has none. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/**
 * The middle value; the mean of the two middle ones for an even count.
 *
 * @throws {RangeError} without values.
 */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError("No values");
  return (lower + upper) / 2;
}

/** Median, minimum and maximum, or undefined without values. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** CPU time per unit, microseconds. */
export function cpuPerUnit(sample: Sample): number {
  return (sample.cpu.user + sample.cpu.system) / sample.units * 1e6;
}

/** The share of one core that the candidate used, 0 to 1 (more on several cores). */
export function utilization(sample: Sample): number {
  return (sample.cpu.user + sample.cpu.system) / sample.seconds;
}

/** The samples of one test and candidate. */
export function select(samples: readonly Sample[], test: string, candidate: string): Sample[] {
  return samples.filter((s) => s.test === test && s.candidate === candidate);
}

/**
 * Ratios of `value` between two candidates, each formed inside one repetition, so that slow drift
 * of a shared machine cancels. Repetitions that lack one side, or whose divisor is zero, are left
 * out.
 */
export function pairedRatios(
  samples: readonly Sample[],
  test: string,
  pair: { readonly of: string; readonly to: string },
  value: (sample: Sample) => number,
): number[] {
  const divisors = new Map(
    select(samples, test, pair.to).map((s) => [s.rep, value(s)] as const),
  );
  return select(samples, test, pair.of).flatMap((s) => {
    const divisor = divisors.get(s.rep);
    return divisor === undefined || divisor === 0 ? [] : [value(s) / divisor];
  });
}

/** How often a median is drawn anew to see how far it may be off. */
const DRAWS = 2000;

/**
 * A median, and between which values 95 % of the medians lie of as many values drawn from these (the percentile bootstrap
 * of B. Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979).
 *
 * @param random Yields 0 <= x < 1.
 * @throws {RangeError} without values.
 */
export function medianInterval(
  values: readonly number[],
  random: () => number,
): { readonly median: number; readonly low: number; readonly high: number } {
  const draw = (): number => values[Math.floor(random() * values.length)] ?? NaN;
  const medians = Array.from({ length: DRAWS }, () => median(values.map(draw)))
    .toSorted((a, b) => a - b);
  const at = (part: number): number => medians[Math.floor(part * (DRAWS - 1))] ?? NaN;
  return { median: median(values), low: at(0.025), high: at(0.975) };
}

/** A shuffled copy (Fisher-Yates). `random` yields 0 <= x < 1. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const pool = [...items];
  const result: T[] = [];
  while (pool.length > 0) result.push(...pool.splice(Math.floor(random() * pool.length), 1));
  return result;
}
