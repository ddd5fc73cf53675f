/**
 * A running instance: asked, signalled, ended.
 *
 * @module
 */
import { socketPath } from "../../lib/control/run_dir.ts";
import { Control } from "./control_link.ts";
import { eventually, type Output, within } from "./wait.ts";

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
  readonly rcvd: number;
}

/** A process in the foreground. */
export interface Child {
  readonly pid: number;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly status: Promise<Deno.CommandStatus>;
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
  /** What a foreground instance writes. */
  readonly stdout: Output | undefined;
  /** What a foreground instance writes. */
  readonly stderr: Output | undefined;
  /** How a foreground instance ends. */
  readonly status: Promise<Deno.CommandStatus> | undefined;
  readonly #clean: () => void;

  constructor(
    place: { pid: number; port: number; runDir: string; socket: string },
    child: Child | undefined,
    clean: () => void,
  ) {
    this.pid = place.pid;
    this.port = place.port;
    this.runDir = place.runDir;
    this.socket = place.socket;
    this.stdout = child?.stdout;
    this.stderr = child?.stderr;
    this.status = child?.status;
    this.#clean = clean;
  }

  /** Takes charge of an instance that runs in the background already; its folder stays the caller's. */
  static async at(port: number, runDir: string, bind?: string): Promise<Instance> {
    const socket = socketPath(runDir, port, bind);
    using control = await Control.open(socket);
    return new Instance({ pid: control.pid, port, runDir, socket }, undefined, () => {});
  }

  /** Has one command carried out over a connection of its own. */
  async ctl(command: string): Promise<string> {
    using control = await Control.open(this.socket);
    return await control.ask(command);
  }

  /** The table, one row a channel. */
  async show(): Promise<Row[]> {
    const [, ...lines] = (await this.ctl("show")).split("\n");
    return lines.map((line) => {
      const [group, type = "", channel, status = "", host, port, ...numbers] = line.trim()
        .split(/ +/);
      const [c = NaN, totalc = NaN, maxc = NaN, sent = NaN, rcvd = NaN] = numbers.map(Number);
      const destination = `${host}:${port}`;
      return {
        channel: `${group}.${channel}`,
        type,
        status,
        destination,
        c,
        totalc,
        maxc,
        sent,
        rcvd,
      };
    });
  }

  /** One column of the table. */
  async column<Name extends keyof Row>(name: Name): Promise<Row[Name][]> {
    return (await this.show()).map((row) => row[name]);
  }

  /** Waits until no connection exists any more. */
  idle(): Promise<void> {
    return eventually(async () => (await this.column("c")).every((c) => c === 0), "all c are 0");
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    Deno.kill(this.pid, signal);
  }

  /** Waits until the process is gone. */
  async gone(): Promise<void> {
    if (this.status !== undefined) await within(this.status, `the end of ${this.pid}`);
    else await eventually(() => !isAlive(this.pid), `the end of ${this.pid}`);
  }

  /** Ends it, if it still runs, and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (isAlive(this.pid)) this.signal("SIGKILL");
    await this.gone();
    await Promise.all([this.stdout?.ended, this.stderr?.ended]);
    this.#clean();
  }
}

/** Whether a process runs; one that nobody has waited for yet does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}
