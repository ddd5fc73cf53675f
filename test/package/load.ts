/**
 * A server and clients on a machine that has booted.
 *
 * @module
 */
import type { Machine } from "../kit/machine.ts";
import { ROOT } from "../kit/programs.ts";
import { eventually } from "../kit/wait.ts";

const DENO = `DENO_NO_UPDATE_CHECK=1 ${Deno.execPath()} run --quiet --no-lock -A`;
const ECHO = `${DENO} ${ROOT}test/hard/fixtures/echo_server.ts`;
const CLIENTS = `${DENO} ${ROOT}test/e2e/fixtures/new_clients.ts`;

/** New clients of a port there, all the time. */
export class Load {
  readonly #machine: Machine;

  private constructor(machine: Machine) {
    this.#machine = machine;
  }

  static async start(machine: Machine, port: number, rate: number): Promise<Load> {
    await machine.ask(
      `mkfifo /tmp/end; ( ${CLIENTS} ${port} ${rate} </tmp/end >/tmp/outcome 2>&1 & ) ; exec 9>/tmp/end
      ( exec sleep 1000 >&9 2>&9 </dev/null & echo $! >/tmp/holder )`,
    );
    return new Load(machine);
  }

  /** Ends it; what came of the clients, but for how many they were. */
  async end(): Promise<{ readonly clients: number; readonly lost: readonly number[] }> {
    await this.#machine.ask("kill $(cat /tmp/holder)");
    let text = "";
    await eventually(async () => {
      text = await this.#machine.ask("cat /tmp/outcome");
      return text.endsWith("}");
    }, "the clients have ended");
    const { clients, refused, reset, unanswered } = JSON.parse(text);
    return { clients, lost: [refused, reset, unanswered] };
  }
}

/** Starts a server there that gives back what it gets; returns its port. */
export async function startServer(machine: Machine): Promise<string> {
  await machine.ask(`( ${ECHO} >/tmp/echo 2>&1 </dev/null & )`);
  let port = "";
  await eventually(async () => {
    port = await machine.ask("head -n 1 /tmp/echo");
    return /^\d+$/.test(port);
  }, "the server serves");
  return port;
}
