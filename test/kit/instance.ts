/**
 * A running instance: asked, signalled, ended.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { socketPath } from "../../lib/control/run_dir.ts";
import { type Answered, askSocket, Control } from "./control.ts";
import { isAlive } from "./processes.ts";
import { eventually, type Output, sleep, within } from "./wait.ts";

const INSIDE_CLIENT = fileURLToPath(new URL("./fixtures/connect_inside.ts", import.meta.url));

/** One row of `show`. */
export interface Row {
  readonly channel: string;
  readonly type: string;
  readonly status: string;
  readonly destination: string;
  readonly c: number;
  readonly totalc: number;
  readonly maxc: number;
  readonly sent: number;
  readonly received: number;
}

/** A process in the foreground. */
export interface Child {
  readonly process: Deno.ChildProcess;
  /** What it writes; undefined if nobody reads it. */
  readonly stdout: Output | undefined;
  /** What it writes; undefined if nobody reads it. */
  readonly stderr: Output | undefined;
}

/** Where an instance listens, and how it is controlled. */
export interface Address {
  readonly port: number;
  /** `-b`, as it was given. */
  readonly bind: string | undefined;
  readonly runDir: string;
}

/** A running instance. */
export class Instance implements AsyncDisposable {
  /** Process id. */
  readonly pid: number;
  /** Port it listens on. */
  readonly port: number;
  /** Its `--run-dir`. */
  readonly runDir: string;
  /** Its control socket. */
  readonly socket: string;
  readonly #hostname: string;
  readonly #child: Child | undefined;
  readonly #clean: () => void;

  /**
   * @param child Of an instance in the foreground.
   * @param clean Called when the instance has ended.
   */
  constructor(address: Address, child: Child | number, clean: () => void) {
    this.pid = typeof child === "number" ? child : child.process.pid;
    this.port = address.port;
    this.runDir = address.runDir;
    this.socket = socketPath(address.runDir, address.port, address.bind);
    this.#hostname = address.bind ?? "127.0.0.1";
    this.#child = typeof child === "number" ? undefined : child;
    this.#clean = clean;
  }

  /** Takes charge of an instance that runs in the background already; its folder stays the caller's. */
  static async at(port: number, runDir: string, bind?: string): Promise<Instance> {
    using control = await Control.open(socketPath(runDir, port, bind));
    return new Instance({ port, bind, runDir }, control.pid, () => {});
  }

  /** The process of an instance in the foreground. */
  get process(): Deno.ChildProcess {
    if (this.#child === undefined) throw new Error("It runs in the background");
    return this.#child.process;
  }

  /** How an instance in the foreground ends. */
  get status(): Promise<Deno.CommandStatus> {
    return this.process.status;
  }

  /** What an instance in the foreground writes. */
  get stdout(): Output {
    return written(this.#child?.stdout);
  }

  /** What an instance in the foreground writes. */
  get stderr(): Output {
    return written(this.#child?.stderr);
  }

  /** Connects as a client. */
  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: this.#hostname, port: this.port });
  }

  /**
   * Connects from inside the network namespace of the instance and waits until it closes.
   *
   * @returns How long the connection lasted, in ms.
   */
  async connectInside(): Promise<number> {
    const client = [Deno.execPath(), "run", "--quiet", "--allow-net", INSIDE_CLIENT];
    const { success, stdout, stderr } = await new Deno.Command("nsenter", {
      args: ["-t", String(this.pid), "-n", ...client, String(this.port)],
    }).output();
    if (!success) throw new Error(`Cannot connect inside: ${new TextDecoder().decode(stderr)}`);
    return Number(new TextDecoder().decode(stdout));
  }

  /** Has one command carried out over a connection of its own. */
  ask(command: string): Promise<string> {
    return askSocket(this.socket, command);
  }

  /** Has a command carried out over a connection of its own, and what `-c` would exit with. */
  async answer(command: string): Promise<Answered> {
    using control = await Control.open(this.socket);
    return await control.answer(command);
  }

  /** The table, one row a channel. */
  async show(): Promise<Row[]> {
    const [, ...lines] = (await this.ask("show")).split("\n");
    return lines.map((line) => {
      const [group, type = "", channel, status = "", host, port, ...numbers] = line.trim()
        .split(/ +/);
      const [c = NaN, totalc = NaN, maxc = NaN, sent = NaN, received = NaN] = numbers.map(Number);
      const name = { channel: `${group}.${channel}`, destination: `${host}:${port}` };
      return { ...name, type, status, c, totalc, maxc, sent, received };
    });
  }

  /** One column of the table. */
  async column<Name extends keyof Row>(name: Name): Promise<Row[Name][]> {
    return (await this.show()).map((row) => row[name]);
  }

  /** Waits until no connection exists any more. */
  idle(limitMs?: number): Promise<void> {
    const idle = async (): Promise<boolean> => (await this.column("c")).every((c) => c === 0);
    return eventually(idle, "all c are 0", limitMs);
  }

  /** Waits until no channel's server has sent anything for a moment, after something: back-pressure has stopped it. */
  async backPressure(direction: "sent" | "received"): Promise<void> {
    let last = -1;
    await eventually(async () => {
      const now = (await this.column(direction)).reduce((sum, bytes) => sum + bytes, 0);
      const stopped = now > 0 && now === last;
      last = now;
      await sleep(100);
      return stopped;
    }, "back-pressure");
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    Deno.kill(this.pid, signal);
  }

  /** Waits until the process is gone. */
  async gone(limitMs?: number): Promise<void> {
    const what = `the end of ${this.pid}`;
    if (this.#child !== undefined) await within(this.status, what, limitMs);
    else await eventually(() => !isAlive(this.pid), what, limitMs);
  }

  /** Ends it, if it still runs, and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (isAlive(this.pid)) this.signal("SIGKILL");
    await this.gone();
    await Promise.all([this.#child?.stdout?.ended, this.#child?.stderr?.ended]);
    for (const stream of [this.#child?.process.stdout, this.#child?.process.stderr]) {
      if (stream?.locked === false) await stream.cancel();
    }
    this.#clean();
  }
}

function written(output: Output | undefined): Output {
  if (output === undefined) throw new Error("Nobody reads what it writes");
  return output;
}
