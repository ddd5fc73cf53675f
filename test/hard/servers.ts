/**
 * Real servers of the distribution, on free ports of 127.0.0.1 with folders of their own, ended by pid.
 *
 * @module
 */
import { findProgram } from "../kit/needs.ts";
import { eventually, freePort } from "./kit.ts";

/** A command's end: exit code and both outputs. */
export interface Output {
  readonly code: number;
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: string;
}

/** Runs an installed program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  input = "",
  env: Record<string, string> = {},
): Promise<Output> {
  const child = new Deno.Command(findProgram(program) ?? program, {
    args: [...args],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const writing = writer.write(new TextEncoder().encode(input)).then(() => writer.close())
    .catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await writing;
  return { code, stdout, stderr: new TextDecoder().decode(stderr) };
}

/** A running server. */
export class Server implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, readonly port: number, readonly folder: string) {
    this.#child = child;
  }

  /**
   * Starts a server in the foreground and waits until its port answers.
   *
   * @param words Makes program and arguments of port and folder, after preparing the folder.
   */
  static async start(
    words: (port: number, folder: string) => Promise<readonly string[]>,
  ): Promise<Server> {
    const port = freePort();
    const folder = await Deno.makeTempDir({ prefix: "balance-hard-" });
    await Deno.chmod(folder, 0o755);
    const [program = "", ...args] = await words(port, folder);
    const child = new Deno.Command(findProgram(program) ?? program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const server = new Server(child, port, folder);
    try {
      await eventually(`${program} to listen`, () => answers(port));
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGINT");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
