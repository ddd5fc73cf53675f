/**
 * The benchmark's command line. Pure.
 *
 * @module
 */

/** Names for `--only`, in the order in which they run. */
export const TESTS = [
  "workers",
  "memory",
  "served",
  "base",
  "idle",
  "startup",
  "show",
  "keep",
  "keep-20k",
  "keep-100k",
  "connect-client",
  "connect-server",
  "bulk-down",
  "bulk-up",
  "latency",
] as const;

/** One of {@link TESTS}. */
export type TestName = typeof TESTS[number];

/** What the user asked for. */
export interface BenchOptions {
  /** Shorter and fewer repetitions: shows the direction, not the last 10 %. */
  readonly quick: boolean;
  /** Put the result into RESULTS.md. */
  readonly write: boolean;
  /** Tests to run. */
  readonly only: readonly TestName[];
  /** Repetitions; undefined: as the plan says. */
  readonly reps: number | undefined;
  /** Command of a stand-in for our program, see {@link USAGE}. */
  readonly ours: string | undefined;
  /** Command of one more candidate, for instance an earlier build. */
  readonly also: string | undefined;
  readonly help: boolean;
}

/** Text of `--help`. */
export const USAGE =
  `deno task bench [--quick] [--only TEST,...] [--reps N] [--ours COMMAND] [--write]

Measures dist/balance against HAProxy, nginx (stream), pen and the classic
balance in one interleaved run on this machine, loopback only.

  --quick        some 4 minutes; rough
  --only LIST    some tests: ${TESTS.slice(0, 7).join(", ")},
                 ${TESTS.slice(7, 11).join(", ")},
                 ${TESTS.slice(11).join(", ")}
  --reps N       repetitions of each test
  --ours COMMAND measure another program in our place; {port}, {backend} (a
                 port of 127.0.0.1) and {workers} (a number) are replaced
  --also COMMAND measure one more program, for instance an earlier build
  --write        put the result into test/bench/RESULTS.md (whole runs only)

Environment: BALANCE_REF, path of the classic balance (left out when unset);
DENORT_BIN, passed on to "deno task compile" when dist/balance is missing.
Missing peers are installed with apt-get when run as root; "idle" needs strace.
`;

/** Thrown for a wrong command line; the message is for the user. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * Reads the command line.
 *
 * @throws {UsageError} for anything it does not know, and for `--write` of a partial run.
 */
export function parseBenchOptions(argv: readonly string[]): BenchOptions {
  const words = argv.flatMap(splitAssignment);
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    if (["--quick", "--write", "--help", "-h"].includes(word)) flags.add(word);
    else if (["--only", "--reps", "--ours", "--also"].includes(word)) {
      const value = words[++i];
      if (value === undefined) throw new UsageError(`${word} needs a value`);
      values.set(word, value);
    } else throw new UsageError(`unknown option: ${word}`);
  }
  const only = values.get("--only");
  const reps = values.get("--reps");
  const options: BenchOptions = {
    quick: flags.has("--quick"),
    write: flags.has("--write"),
    help: flags.has("--help") || flags.has("-h"),
    only: only === undefined ? TESTS : only.split(",").map(toTestName),
    reps: reps === undefined ? undefined : toCount(reps),
    ours: values.get("--ours"),
    also: values.get("--also"),
  };
  const special = ["--only", "--ours", "--also"].find((name) => values.has(name));
  if (options.write && special !== undefined) {
    throw new UsageError(`--write wants a whole run of the usual field: no ${special}`);
  }
  return options;
}

function splitAssignment(word: string): string[] {
  const at = word.indexOf("=");
  return word.startsWith("--") && at > 0 ? [word.slice(0, at), word.slice(at + 1)] : [word];
}

function toTestName(name: string): TestName {
  const found = TESTS.find((test) => test === name);
  if (found === undefined) {
    throw new UsageError(`unknown test: ${name} (known: ${TESTS.join(", ")})`);
  }
  return found;
}

function toCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new UsageError(`not a count: ${text}`);
  return count;
}

/** How much of everything a run does. */
export interface Plan {
  readonly reps: number;
  /** Length of each run before the first repetition: the compiler in V8 needs it, seconds. */
  readonly warmUpSeconds: number;
  /** Length of one closed-loop measurement, seconds. */
  readonly seconds: number;
  /** Length of one open-loop measurement, seconds. */
  readonly latencySeconds: number;
  /** Size of one bulk measurement, megabytes. */
  readonly megabytes: number;
  /** New connections before each open-loop measurement: what they leave behind is part of the test. */
  readonly spell: number;
  /** Idle pairs whose memory is measured. */
  readonly pairs: readonly number[];
  /** Short connections after which memory is measured. */
  readonly served: number;
  /** How long system calls are counted, seconds. */
  readonly idleSeconds: number;
  /** Repetitions of start-up and `-c show`. */
  readonly startReps: number;
}

const QUICK: Plan = {
  reps: 3,
  warmUpSeconds: 0.4,
  seconds: 0.6,
  latencySeconds: 1,
  megabytes: 400,
  spell: 2000,
  pairs: [1000],
  served: 20_000,
  idleSeconds: 5,
  startReps: 7,
};

const WHOLE: Plan = {
  reps: 5,
  warmUpSeconds: 1,
  seconds: 1.5,
  latencySeconds: 3,
  megabytes: 1500,
  spell: 4000,
  pairs: [1000, 5000],
  served: 60_000,
  idleSeconds: 10,
  startReps: 15,
};

/** The amounts for the options. */
export function planFor(options: BenchOptions): Plan {
  const plan = options.quick ? QUICK : WHOLE;
  return { ...plan, reps: options.reps ?? plan.reps };
}
