// deno-lint-ignore-file camelcase -- the transcripts name their fields so
/**
 * The steps of a transcript: which exist, and which fields each has.
 *
 * @module
 */
import { type Fields, FormatError, readFields } from "./fields.ts";

/** One thing done and what it must give. Which fields an `op` has: {@linkcode OPS}. */
export interface Step {
  op: string;
  id?: string;
  port?: string;
  addr?: string;
  from?: string;
  from_each?: string[];
  n?: number;
  send?: string;
  data?: string;
  bytes?: number;
  half_close?: boolean;
  settle?: number;
  timeout?: number;
  timed?: boolean;
  seconds?: number;
  cmd?: string;
  opts?: string[];
  user?: string;
  stdin?: string;
  script?: SessionItem[];
  argv?: string[];
  name?: string;
  signal?: string;
  target?: string;
  as?: string;
  extra?: number[];
  path?: string;
  expect?: unknown;
  expect_error?: string;
  expect_exit?: number | string;
  expect_stdout?: string;
  expect_stderr?: string;
  expect_seconds?: number;
}

/** One action inside an open interactive session. */
export interface SessionItem {
  sleep?: number;
  read?: boolean;
  expect?: string;
  write?: string;
  ctl?: string;
  opts?: string[];
  port?: string;
  user?: string;
  expect_exit?: number | string;
  expect_stdout?: string;
  signal?: string;
  target?: string;
  close?: boolean;
}

const RESULT: Fields = {
  timeout: "number?",
  timed: "boolean?",
  settle: "number?",
  expect: "string?",
  expect_error: "string?",
  expect_seconds: "number?",
};
const ENDED: Fields = {
  user: "user?",
  timeout: "number?",
  expect_exit: "exit?",
  expect_stdout: "string?",
  expect_stderr: "string?",
  expect_seconds: "number?",
};
const CONNECTION: Fields = { id: "string", ...RESULT };
const DIAL: Fields = { port: "string", addr: "string?", from: "string?" };

/** Every step there is, with its fields besides `op`. */
export const OPS: Readonly<Record<string, Fields>> = {
  get: { ...DIAL, ...RESULT, send: "string?", half_close: "boolean?" },
  gets: {
    port: "string",
    addr: "string?",
    n: "number?",
    from_each: "strings?",
    timeout: "number?",
    settle: "number?",
    expect: "strings?",
  },
  connect: { ...CONNECTION, ...DIAL },
  send: { ...CONNECTION, data: "string" },
  recv: CONNECTION,
  recv_all: CONNECTION,
  upload: { ...CONNECTION, bytes: "number" },
  upload_strict: { ...CONNECTION, bytes: "number" },
  half_close: CONNECTION,
  close: CONNECTION,
  reset: CONNECTION,
  ctl: { ...ENDED, cmd: "string", opts: "strings?", port: "string?", timed: "boolean?" },
  shell: { ...ENDED, stdin: "string", opts: "strings?", port: "string?", timed: "boolean?" },
  session: { ...ENDED, script: "array", opts: "strings?", port: "string?" },
  run: { ...ENDED, argv: "strings", stdin: "string?", timed: "boolean?" },
  run_then_get: {
    ...ENDED,
    argv: "strings",
    port: "string?",
    addr: "string?",
    expect: "string|strings?",
    expect_error: "string?",
    n: "number?",
  },
  backend_stop: { name: "string" },
  backend_start: { name: "string" },
  backend_got: { name: "string", n: "number?", expect: "string?" },
  backend_peers: { name: "string", expect: "strings?" },
  signal: { signal: "signal", target: "string?" },
  notepid: { as: "string?", opts: "strings?", port: "string?", expect: "string?" },
  ls: { expect: "strings?" },
  stat: { path: "string", expect: "string?" },
  fds: { target: "string?", expect: "object?" },
  listening: { extra: "array?", expect: "strings?" },
  sleep: { seconds: "number" },
  sh: { cmd: "string", expect_exit: "exit?", expect_stdout: "string?" },
  reuse_pid: { target: "string?", expect: "string?" },
  reused_status: { expect: "string?" },
};

const SESSION: Fields = {
  sleep: "number?",
  read: "boolean?",
  expect: "string?",
  write: "string?",
  ctl: "string?",
  opts: "strings?",
  port: "string?",
  user: "user?",
  expect_exit: "exit?",
  expect_stdout: "string?",
  signal: "signal?",
  target: "string?",
  close: "boolean?",
};

/**
 * Checks a list of steps.
 *
 * @throws {FormatError} On an unknown step or field.
 */
export function readSteps(steps: readonly unknown[], where: string): Step[] {
  return steps.map((step, i) => readStep(step, `${where}[${i}]`));
}

function readStep(value: unknown, where: string): Step {
  const op = (value as { op?: unknown } | null)?.op;
  const fields = typeof op === "string" && Object.hasOwn(OPS, op) ? OPS[op] : undefined;
  if (fields === undefined) throw new FormatError(`${where}: unknown op ${JSON.stringify(op)}`);
  const step = readFields(value, { op: "string", ...fields }, where) as unknown as Step;
  step.script?.forEach((item, i) => readFields(item, SESSION, `${where}.script[${i}]`));
  return step;
}
