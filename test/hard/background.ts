/**
 * Background instances for tests: started as users start them, found by their control socket, ended by pid.
 *
 * @module
 */
import { askSocket, balanceCommand, eventually, freePort } from "./kit.ts";
import { alive } from "./proc.ts";

/** What a command came to. */
export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. */
export async function run(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Result> {
  const [program, ...first] = balanceCommand();
  const command = new Deno.Command(program, { args: [...first, ...args], env, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A background instance on 127.0.0.1 with a run dir of its own. */
export class Background implements AsyncDisposable {
  private constructor(
    readonly port: number,
    readonly runDir: string,
    public pid: number,
  ) {}

  /**
   * Starts one and waits for its command to return.
   *
   * @param words Options and destinations; the port is put in front.
   */
  static async start(words: readonly string[]): Promise<Background> {
    const runDir = await Deno.makeTempDir({ prefix: "balance-hard-" });
    const background = new Background(freePort(), runDir, 0);
    const { code, stderr } = await background.startAgain(words);
    if (code !== 0) throw new Error(`start failed with ${code}: ${stderr}`);
    return background;
  }

  /** Path of the control socket. */
  get socket(): string {
    return `${this.runDir}/balance.${this.port}.127.0.0.1`;
  }

  /** Runs the same start once more. */
  async startAgain(words: readonly string[]): Promise<Result> {
    const place = ["-b", "127.0.0.1", "--run-dir", this.runDir];
    const result = await run([...place, String(this.port), ...words]);
    if (result.code === 0) this.pid = await this.#findPid();
    return result;
  }

  /** Runs a shell command with `-c`. */
  control(command: string): Promise<Result> {
    const place = ["-b", "127.0.0.1", "--run-dir", this.runDir];
    return run([...place, "-c", command, String(this.port)]);
  }

  /** Has one shell command carried out over the socket itself. */
  ask(command: string): Promise<string> {
    return askSocket(this.socket, command);
  }

  /** Connects as a client. */
  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.port });
  }

  /** Sends a signal and waits until the process is gone. */
  async end(signal: Deno.Signal): Promise<void> {
    Deno.kill(this.pid, signal);
    await eventually("its end", () => !alive(this.pid));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.pid > 0 && alive(this.pid)) await this.end("SIGKILL");
    await Deno.remove(this.runDir, { recursive: true }).catch(() => {});
  }

  async #findPid(): Promise<number> {
    using connection = await Deno.connect({ transport: "unix", path: this.socket });
    const buffer = new Uint8Array(200);
    const count = await connection.read(buffer) ?? 0;
    const text = new TextDecoder().decode(buffer.subarray(0, count));
    return Number(/^balance-control \d+ (\d+) /.exec(text)?.[1] ?? 0);
  }
}
