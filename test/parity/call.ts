/**
 * The command line of the player.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** What the player is asked to do. */
export interface Call {
  /** The program under test, as words. */
  balance: string[];
  /** Names of the cases to play; empty for all. */
  only: string[];
  /** Cases played at a time. */
  jobs: number;
  /** Whether only a representative part is played. */
  sample: boolean;
  /** Value of `--workers` that instances are started with. */
  workers: string | undefined;
  /** Value of `--engine` that instances are started with. */
  engine: string | undefined;
  /** Whether exceptions and wanted results are left out, for the classic itself. */
  reference: boolean;
  /** Whether passed cases and all differences are shown. */
  verbose: boolean;
  /** Folder with what is wanted in place of `fix` cases. */
  wanted: string;
  /** Folder of transcripts. */
  folder: string;
}

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The program of this repository, from source. */
const FROM_SOURCE = [
  Deno.execPath(),
  "run",
  "-A",
  "--unstable-net",
  "--unstable-worker-options",
  "--config",
  `${ROOT}deno.json`,
  `${ROOT}main.ts`,
];

/**
 * Reads the arguments.
 *
 * @throws {Error} On a wrong one.
 */
export function readCall(args: readonly string[]): Call {
  const call: Call = {
    balance: FROM_SOURCE,
    only: [],
    jobs: navigator.hardwareConcurrency,
    sample: false,
    workers: undefined,
    engine: undefined,
    reference: false,
    verbose: false,
    wanted: `${HERE}wanted`,
    folder: `${HERE}golden`,
  };
  const words = args.flatMap((word) => /^--\w+=/.test(word) ? word.split(/=(.*)/s, 2) : [word]);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const value = (): string => {
      const next = words.shift();
      if (next === undefined) throw new Error(`${word} needs a value`);
      return next;
    };
    readOption(call, word, value);
  }
  return call;
}

function readOption(call: Call, word: string, value: () => string): void {
  switch (word) {
    case "--balance":
      call.balance = value().trim().split(/\s+/);
      break;
    case "--only":
      call.only.push(...value().split(","));
      break;
    case "--jobs":
      call.jobs = count(value());
      break;
    case "--workers":
      call.workers = value();
      break;
    case "--engine":
      call.engine = value();
      break;
    case "--wanted":
      call.wanted = value();
      break;
    case "--sample":
      call.sample = true;
      break;
    case "--reference":
      call.reference = true;
      break;
    case "--verbose":
      call.verbose = true;
      break;
    default:
      if (word.startsWith("-")) throw new Error(`unknown option ${word}`);
      call.folder = word.replace(/(?<=.)\/$/, "");
  }
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`not a number of jobs: ${text}`);
  return number;
}
