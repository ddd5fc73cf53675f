/**
 * Real servers of the distribution, on free ports of 127.0.0.1 with folders of their own, ended by pid.
 *
 * @module
 */
import { assertEquals } from "./assert.ts";
import { findProgram } from "./needs.ts";
import { eventually } from "./wait.ts";
import { asUser, execute, type ExecuteOptions, type Execution } from "./programs.ts";
import { freePort, isOpen } from "./ports.ts";

/** Longest time for a client or a server's preparation, in ms. */
const LIMIT_MS = 120_000;

/** Runs an installed program to its end. */
export function runInstalled(
  program: string,
  args: readonly string[],
  options: ExecuteOptions = {},
): Promise<Execution> {
  return execute([findProgram(program) ?? program, ...args], { limitMs: LIMIT_MS, ...options });
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
      await eventually(() => isOpen(port), `${program} to listen`);
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

/** The user `nobody`: PostgreSQL does not run as root. */
const NOBODY = 65534;

/**
 * Starts PostgreSQL with an empty cluster that trusts everybody.
 *
 * @param settings Further ones as `name=value`, by the server's folder.
 */
export function startPostgres(
  settings: (folder: string) => readonly string[] = () => [],
): Promise<Server> {
  const root = Deno.uid() === 0;
  const [become = "", ...user] = root ? asUser(NOBODY) : [];
  const as = root ? [findProgram(become) ?? "", ...user] : [];
  const words = (program: string): string[] => [...as, findProgram(program) ?? ""];
  return Server.start(async (port, folder) => {
    if (root) await Deno.chown(folder, NOBODY, NOBODY);
    const data = ["-D", `${folder}/data`];
    const [program = "", ...args] = [
      ...words("initdb"),
      ...data,
      ...["-U", "postgres", "-N", "-A", "trust", "--no-instructions", "-E", "UTF8"],
    ];
    const made = await runInstalled(program, args, { env: { LC_ALL: "C" } });
    assertEquals(made.code, 0, made.stderr);
    const all = ["listen_addresses=127.0.0.1", "fsync=off", ...settings(folder)];
    return [
      ...words("postgres"),
      ...data,
      ...["-p", String(port), "-k", folder],
      ...all.flatMap((setting) => ["-c", setting]),
    ];
  });
}
