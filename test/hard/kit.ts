/**
 * A real `balance` process for one test: started on a free port with a run dir of its own, ended with the test.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { GRANTS } from "../../lib/system/permissions.ts";
import { V8_OPTION } from "../../lib/system/v8_flags.ts";
import { freePort } from "../e2e/ports.ts";
import { alive } from "./proc.ts";

// A program under test that asked for a newer Deno would open files and connections that are not its own.
Deno.env.set("DENO_NO_UPDATE_CHECK", "1");

export { freePort, ownAddress, returningPort } from "../e2e/ports.ts";

/** Top folder of the tree under test. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The folder of these tests. */
export const HERE = fileURLToPath(new URL(".", import.meta.url));
/** Whether the long forms run too. */
export const LONG = Deno.env.get("BALANCE_LONG") === "1";
/** The compiled binary, which some tests need. */
export const BINARY = `${ROOT}dist/balance`;

/** Whether there is a compiled binary. */
export const COMPILED = exists(BINARY);

/** Whether there is something at a path. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The program and its first arguments: `BALANCE`, or this tree from source. */
export function balanceCommand(): [string, ...string[]] {
  const binary = Deno.env.get("BALANCE");
  if (binary !== undefined) return [binary];
  const flags = GRANTS.map(({ flag }) => flag);
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    V8_OPTION,
    ...flags,
    `${ROOT}main.ts`,
  ];
}

/** Waits until something is true, looking every few ms. */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Fails when a promise takes too long. */
export async function within<T>(what: string, promise: Promise<T>, limitMs = 10_000): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not within ${limitMs} ms: ${what}`)), limitMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One row of `show`. */
export interface Row {
  readonly enabled: boolean;
  readonly c: number;
  readonly totalc: number;
  readonly sent: number;
  readonly received: number;
}

/** How an instance is started. */
export interface StartOptions {
  /** Options in front of the port. */
  readonly options?: readonly string[];
  /** Words in front of the program, for instance `prlimit --nofile=64`. */
  readonly wrapper?: readonly string[];
  /** The run dir; a temporary one if none is given. */
  readonly runDir?: string;
  /** The port; a free one if none is given. */
  readonly port?: number;
  /** Do not read stdout or stderr at all. */
  readonly deaf?: boolean;
}

/** A foreground instance on 127.0.0.1. */
export class Instance implements AsyncDisposable {
  /** What it has written so far. */
  readonly text = { stdout: "", stderr: "" };
  readonly #child: Deno.ChildProcess;
  readonly #ownDir: boolean;
  #reading: Promise<unknown> = Promise.resolve();

  private constructor(
    child: Deno.ChildProcess,
    readonly port: number,
    readonly runDir: string,
    options: StartOptions,
  ) {
    this.#child = child;
    this.#ownDir = options.runDir === undefined;
    if (options.deaf === true) return;
    this.#reading = Promise.all([
      this.#collect(child.stdout, "stdout"),
      this.#collect(child.stderr, "stderr"),
    ]);
  }

  /**
   * Starts an instance and waits until it listens and can be controlled.
   *
   * @param destinations Operands behind the port; numbers are ports of 127.0.0.1.
   */
  static async start(
    destinations: readonly (string | number)[],
    options: StartOptions = {},
  ): Promise<Instance> {
    const runDir = options.runDir ?? Deno.makeTempDirSync({ prefix: "balance-hard-" });
    const port = options.port ?? freePort();
    const operands = destinations.map((each) =>
      typeof each === "number" ? `127.0.0.1:${each}` : each
    );
    const [program, ...args] = [
      ...options.wrapper ?? [],
      ...balanceCommand(),
      ...["-f", "-b", "127.0.0.1", "--run-dir", runDir],
      ...options.options ?? [],
      String(port),
      ...operands,
    ];
    const child = new Deno.Command(program ?? "", {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const instance = new Instance(child, port, runDir, options);
    try {
      await eventually("an instance that answers", () => instance.#answers());
    } catch (error) {
      await instance[Symbol.asyncDispose]();
      throw new Error(`start failed: ${instance.text.stderr}`, { cause: error });
    }
    return instance;
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Path of the control socket. */
  get socket(): string {
    return `${this.runDir}/balance.${this.port}.127.0.0.1`;
  }

  /** How it ended. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  /** Its stdout, for a test that starts it `deaf`. */
  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#child.stdout;
  }

  /** Its stderr, for a test that starts it `deaf`. */
  get stderr(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#child.stderr;
  }

  /** Connects as a client. */
  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.port });
  }

  /**
   * Connects from inside the network namespace of the instance and waits until it closes.
   *
   * @returns How long the connection lasted, in ms.
   */
  async knock(): Promise<number> {
    const client = [Deno.execPath(), "run", "--quiet", "--allow-net", `${HERE}inside/knock.ts`];
    const { success, stdout, stderr } = await new Deno.Command("nsenter", {
      args: ["-t", String(this.pid), "-n", ...client, String(this.port)],
    }).output();
    if (!success) throw new Error(`Cannot knock: ${new TextDecoder().decode(stderr)}`);
    return Number(new TextDecoder().decode(stdout));
  }

  /** Has one shell command carried out. */
  ask(command: string): Promise<string> {
    return askSocket(this.socket, command);
  }

  /** The rows of `show`. */
  async show(): Promise<Row[]> {
    const lines = (await this.ask("show")).split("\n").slice(1).filter((line) => line !== "");
    return lines.map((line) => {
      const [, , , status, , , c, totalc, , sent, received] = line.trim().split(/\s+/);
      return {
        enabled: status === "ENA",
        c: Number(c),
        totalc: Number(totalc),
        sent: Number(sent),
        received: Number(received),
      };
    });
  }

  /** Waits until no connection is left. */
  async settle(limitMs = 10_000): Promise<void> {
    await eventually(
      "every c at 0",
      async () => (await this.show()).every(({ c }) => c === 0),
      limitMs,
    );
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (alive(this.pid)) this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#reading;
    if (this.#ownDir) await Deno.remove(this.runDir, { recursive: true }).catch(() => {});
  }

  async #answers(): Promise<boolean> {
    if (!alive(this.pid)) throw new Error("it has ended");
    try {
      await this.ask("version");
      return true;
    } catch {
      return false;
    }
  }

  async #collect(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    name: "stdout" | "stderr",
  ): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.text[name] += decoder.decode(chunk, { stream: true });
  }
}

/** Has one command carried out over a control socket: the answer without its framing. */
export async function askSocket(path: string, command: string): Promise<string> {
  using connection = await Deno.connect({ transport: "unix", path });
  await connection.write(new TextEncoder().encode(`${command}\nquit\n`));
  const text = await new Response(connection.readable).text();
  const answer = /^balance-control [^\n]*\n([^]*?)^\. \d+( bye)?$/m.exec(text);
  if (answer === null) throw new Error(`no answer: ${text}`);
  return answer[1] ?? "";
}
