// deno-lint-ignore-file camelcase -- the transcripts name their fields so
/**
 * The transcripts: their types, and a validation that knows every field.
 *
 * @module
 */
import { readSteps, type Step } from "./steps_format.ts";
import { type Fields, FormatError, readFields } from "./fields.ts";

/** What a backend does with a connection; see README.md. */
export const BACKEND_KINDS = [
  "banner",
  "hold",
  "echo",
  "sink",
  "late",
  "early",
  "crlf",
  "pump",
  "firstclose",
  "rst",
  "duplex",
  "blackhole",
] as const;
/** One of {@linkcode BACKEND_KINDS}. */
export type BackendKind = typeof BACKEND_KINDS[number];

/** A listener that the player starts before the instances. */
export interface BackendSpec {
  /** The name it answers with, and by which steps mean it. */
  name: string;
  /** Port, usually a placeholder. */
  port: string;
  /** What it does with a connection. */
  kind: BackendKind;
  /** `false`: not started until `backend_start`. */
  up?: boolean;
  /** Address it listens on; 127.0.0.1 when absent. */
  addr?: string;
}

/** A balancer that is started before the observed one. */
export interface InstanceSpec {
  /** Its arguments, without argv[0]. */
  argv: string[];
  /** `nobody`, or root when absent. */
  user?: string;
}

/** What is there before the observed process starts. */
export interface Setup {
  /** The same in plain words. */
  description?: string;
  /** Listeners. */
  backends?: BackendSpec[];
  /** Balancers; the first one is `<PID>`. */
  instances?: InstanceSpec[];
  /** Environment added to that of every balance process. */
  env?: Record<string, string>;
  /** Whether something receives on /dev/log. */
  syslog?: boolean;
  /** What is done before the observed process starts. */
  steps?: Step[];
}

/** One observed run of the program, with everything around it. */
export interface Transcript {
  /** File name without `.json`. */
  name: string;
  /** Group of cases it belongs to. */
  category: string;
  /** Arguments of the observed process, without argv[0]. */
  argv: string[];
  /** Text for its standard input; `null` is /dev/null. */
  stdin: string | null;
  /** `nobody`, or root when absent. */
  user?: string;
  /** Whether its standard output is a terminal. */
  stdout_tty?: boolean;
  /** What is there before. */
  setup: Setup;
  /** What is done while it runs. */
  during?: Step[];
  /** The signal that ends it; absent when it ends by itself. */
  end?: string;
  /** Exit code, or `signal:NAME`. */
  exit: number | string;
  /** Complete standard output, one character a byte. */
  stdout: string;
  /** Complete standard error, one character a byte. */
  stderr: string;
  /** Run time in seconds, where it matters. */
  seconds?: number;
  /** What is done after it has ended. */
  after?: Step[];
  /** Messages that /dev/log received. */
  syslog?: string[];
  /** `false`: nothing can be asserted but that it ends. */
  deterministic?: boolean;
  /** `keep`: the same is wanted; `fix`: `wanted/` says what is wanted instead. */
  disposition: "keep" | "fix";
  /** Explanation. */
  notes?: string;
}

const TRANSCRIPT: Fields = {
  name: "string",
  category: "string",
  argv: "strings",
  stdin: "string|null",
  user: "user?",
  stdout_tty: "boolean?",
  setup: "object",
  during: "array?",
  end: "signal?",
  exit: "exit",
  stdout: "string",
  stderr: "string",
  seconds: "number?",
  after: "array?",
  syslog: "strings?",
  deterministic: "boolean?",
  disposition: "string",
  notes: "string?",
};
const SETUP: Fields = {
  description: "string?",
  backends: "array?",
  instances: "array?",
  env: "map?",
  syslog: "boolean?",
  steps: "array?",
};
const BACKEND: Fields = {
  name: "string",
  port: "string",
  kind: "string",
  up: "boolean?",
  addr: "string?",
};
const INSTANCE: Fields = { argv: "strings", user: "user?" };

/**
 * Checks that a parsed JSON value is a transcript that the player understands
 * completely.
 *
 * @throws {FormatError} Naming the first unknown, missing or wrong field.
 */
export function readTranscript(value: unknown, file: string): Transcript {
  const top = readFields(value, TRANSCRIPT, file);
  const disposition = top["disposition"];
  if (disposition !== "keep" && disposition !== "fix") {
    throw new FormatError(`${file}: unknown disposition ${JSON.stringify(disposition)}`);
  }
  const setup = readFields(top["setup"], SETUP, `${file} setup`);
  list(setup["backends"]).forEach((b, i) => readBackend(b, `${file} backends[${i}]`));
  list(setup["instances"]).forEach((v, i) => readFields(v, INSTANCE, `${file} instances[${i}]`));
  readSteps(list(setup["steps"]), `${file} setup.steps`);
  readSteps(list(top["during"]), `${file} during`);
  readSteps(list(top["after"]), `${file} after`);
  return top as unknown as Transcript;
}

function readBackend(value: unknown, where: string): void {
  const { kind } = readFields(value, BACKEND, where);
  if (!(BACKEND_KINDS as readonly unknown[]).includes(kind)) {
    throw new FormatError(`${where}: unknown backend kind ${JSON.stringify(kind)}`);
  }
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
