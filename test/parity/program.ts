/**
 * Processes of the program under test: started as `balance`, with their output
 * in files, so that it can be looked at while they run and after they detached.
 *
 * @module
 */
import { toBytes, toText } from "./bytes.ts";
import { eventually } from "./wait.ts";
import { isAlive } from "../kit/processes.ts";
import { within } from "../../lib/system/time_limit.ts";

/** Exit code, or `signal:NAME`. */
export type Exit = number | string;

/** What to start and how. */
export interface Start {
  argv: readonly string[];
  /** Text on a pipe; `null`: /dev/null; `undefined`: a pipe that stays open. */
  stdin?: string | null | undefined;
  user?: string | undefined;
  /** Whether standard output is a pseudo terminal. */
  tty?: boolean | undefined;
  env?: Readonly<Record<string, string>> | undefined;
}

/** Where the player keeps its things inside the case's own world. */
export const WORK_DIR = "/run/parity/work";
/** The command under test, by its name `balance`. */
export const BALANCE = "/run/parity/bin/balance";
const PATH = "/run/parity/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const NOBODY = 65534;
const SIGNALS: Readonly<Record<number, string>> = {
  1: "HUP",
  2: "INT",
  3: "QUIT",
  6: "ABRT",
  8: "FPE",
  9: "KILL",
  10: "USR1",
  11: "SEGV",
  12: "USR2",
  13: "PIPE",
  14: "ALRM",
  15: "TERM",
};

/** A started process. */
export class Program {
  /** Its process id; that of the program itself also under a terminal. */
  pid = 0;
  readonly argv: readonly string[];
  readonly #out: string;
  readonly #err: string;
  readonly #tty: boolean;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #ended: Promise<Exit> = Promise.resolve(-1);
  #exit: Exit | undefined;

  private constructor(argv: readonly string[], out: string, err: string, tty: boolean) {
    this.argv = argv;
    this.#out = out;
    this.#err = err;
    this.#tty = tty;
  }

  /** Starts it; returns as soon as it has a process id. */
  static async start(options: Start): Promise<Program> {
    const { argv, tty } = options;
    return await Program.#spawn(
      (files) => tty === true ? terminalLine(argv, files) : plainLine(argv, files),
      options,
    );
  }

  /** @param shellArgs Makes the arguments of `sh` from the files for the output. */
  static async #spawn(shellArgs: (files: Files) => string[], options: Start): Promise<Program> {
    const files = outputFiles();
    const tty = options.tty === true;
    const program = new Program(options.argv, files[0], files[1], tty);
    const hasInput = options.stdin !== null || tty;
    const child = new Deno.Command("/bin/sh", {
      args: shellArgs(files),
      cwd: "/",
      clearEnv: true,
      env: { PATH, HOME: "/nonexistent", LANG: "C", SHELL: "/bin/sh", ...options.env },
      stdin: hasInput ? "piped" : "null",
      stdout: "null",
      stderr: "null",
      ...(options.user === "nobody" ? { uid: NOBODY, gid: NOBODY } : {}),
    }).spawn();
    program.#ended = child.status.then((status) => program.#exit = exitOf(status, tty));
    if (hasInput) program.#writer = child.stdin.getWriter();
    program.pid = tty ? await readPid(files[2]) : child.pid;
    if (typeof options.stdin === "string") await program.endInput(options.stdin);
    return program;
  }

  /** Runs a shell line that is no program under test; it ends with the case. */
  static async startShell(line: string): Promise<Program> {
    return await Program.#spawn((files) => ["-c", `exec >>"$1" 2>>"$2"; ${line}`, "sh", ...files], {
      argv: [],
      stdin: null,
    });
  }

  /** The name of the signal in a shell's exit code above 128. */
  static signalOf(code: number): string {
    return SIGNALS[code - 128] ?? `${code - 128}`;
  }

  /** Writes to its standard input. */
  async write(text: string): Promise<void> {
    await this.#writer?.write(toBytes(text)).catch(() => {});
  }

  /** Writes the rest of its standard input and ends it. */
  async endInput(text = ""): Promise<void> {
    if (text !== "") await this.write(text);
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.close().catch(() => {});
  }

  /** How it ended, or `undefined` if it still runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Waits for its end; `undefined` when it still runs after `ms`. */
  ended(ms: number): Promise<Exit | undefined> {
    return within(this.#ended, ms);
  }

  /** What it wrote to standard output so far; CR LF of a terminal as LF. */
  stdout(): string {
    const text = toText(Deno.readFileSync(this.#out));
    return this.#tty ? text.replaceAll("\r\n", "\n") : text;
  }

  /** What it wrote to standard error so far. */
  stderr(): string {
    return toText(Deno.readFileSync(this.#err));
  }

  /** The files its output goes to. */
  get files(): readonly string[] {
    return [this.#out, this.#err];
  }

  /** Sends a signal (`TERM`, `SIGTERM`); nothing if it has ended. */
  signal(name: string): void {
    if (isAlive(this.pid)) Deno.kill(this.pid, signalName(name));
  }
}

/** `TERM` or `SIGTERM` as Deno wants it. */
export function signalName(name: string): Deno.Signal {
  return (name.startsWith("SIG") ? name : `SIG${name}`) as Deno.Signal;
}

type Files = readonly [out: string, err: string, pid: string];

/** Files that whoever the program runs as may write. */
function outputFiles(): Files {
  const base = Deno.makeTempFileSync({ dir: WORK_DIR, prefix: "run-" });
  const make = (suffix: string): string => {
    Deno.writeTextFileSync(base + suffix, "");
    Deno.chmodSync(base + suffix, 0o666);
    return base + suffix;
  };
  return [make(".out"), make(".err"), make(".pid")];
}

function plainLine(argv: readonly string[], [out, err]: Files): string[] {
  return ["-c", 'o=$1 e=$2; shift 2; exec balance "$@" >>"$o" 2>>"$e"', "sh", out, err, ...argv];
}

/** `script` gives the terminal; standard error does not go through it. */
function terminalLine(argv: readonly string[], [out, err, pid]: Files): string[] {
  const words = argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const inner = `echo $$ >${pid}; exec balance ${words} </dev/null 2>>${err}`;
  return ["-c", 'exec script -qec "$1" /dev/null >>"$2" 2>/dev/null', "sh", inner, out];
}

async function readPid(file: string): Promise<number> {
  const text = await eventually(
    () => Deno.readTextFileSync(file).trim(),
    (text) => text !== "",
    5000,
  );
  if (text === "") throw new Error("script gave no terminal");
  return Number(text);
}

function exitOf(status: Deno.CommandStatus, tty: boolean): Exit {
  if (status.signal !== null) return `signal:${status.signal.slice(3)}`;
  const signal = tty && status.code > 128 ? SIGNALS[status.code - 128] : undefined;
  return signal === undefined ? status.code : `signal:${signal}`;
}
