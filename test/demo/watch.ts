/**
 * `deno task demo --watch`, after the tour: three backends and a little traffic, to look at in the dashboard or in the
 * full-screen view, until Ctrl-C. Now and then a backend breaks, and comes back.
 *
 * @module
 */
import { close } from "../../lib/system/close.ts";
import { Backend, type Behaviour } from "../kit/backends.ts";
import { dial } from "../kit/clients.ts";
import { freePort } from "../kit/ports.ts";
import { receiveLine, send } from "../kit/streams.ts";
import { sleep } from "../kit/wait.ts";
import { type Balance, HOST } from "./program.ts";
import { heading, paint, say } from "./talk.ts";

const NAMES = ["web1", "web2", "web3"] as const;
/** Clients at once. */
const CLIENTS = 12;
/** Longest pause of a client between two requests, in ms. */
const PAUSE_MS = 600;
/** How long all is well, and how long a backend is broken, in ms. */
const WELL_MS = 15_000;
const BROKEN_MS = 12_000;
/** Largest answer, in bytes. */
const ANSWER_BYTES = 40_000;

/** Answers each line with some bytes, after a while. */
const answers: Behaviour = async (connection) => {
  for (;;) {
    if (await receiveLine(connection) === "") return;
    await sleep(Math.random() * 20);
    const bytes = new Uint8Array(1 + Math.floor(Math.random() ** 3 * ANSWER_BYTES)).fill(46);
    bytes[bytes.length - 1] = 10;
    await send(connection, bytes);
  }
};

/** Reads an answer; whether it came whole. */
async function readAnswer(client: Deno.TcpConn): Promise<boolean> {
  const chunk = new Uint8Array(65536);
  for (;;) {
    const count = await client.read(chunk);
    if (count === null) return false;
    if (chunk[count - 1] === 10) return true;
  }
}

/** Some traffic, until it is over. */
export class WatchedTraffic implements AsyncDisposable {
  readonly #backends: Backend[] = NAMES.map((name) => new Backend(answers, { name }));
  readonly #stop = Promise.withResolvers<void>();
  readonly #tasks: Promise<void>[] = [];
  #over = false;

  /** Starts an instance and its clients, and says where to look. */
  async start(balance: Balance): Promise<void> {
    await heading("Now watch it: a backend breaks every half minute, Ctrl-C ends it all");
    const http = freePort();
    const options = ["--health", "--check-interval", "1", "--http", String(http)];
    const destinations = this.#backends.map(({ port, name }) => `${HOST}:${port},name=${name}`);
    const port = await balance.start(destinations, options);
    await say();
    await say(`  the dashboard       ${paint(1, `http://${HOST}:${http}/`)}`);
    await say(`  the full screen     ${balance.commandFor(["-b", HOST, "--top", String(port)])}`);
    await say();
    for (let each = 0; each < CLIENTS; each++) this.#tasks.push(this.#beClient(port));
    this.#tasks.push(this.#breakAndHeal());
  }

  /** Ends the clients and the backends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    this.#stop.resolve();
    await Promise.all(this.#backends.map((backend) => backend[Symbol.asyncDispose]()));
    await Promise.all(this.#tasks);
  }

  /** Comes again and again, each time for a few requests. */
  async #beClient(port: number): Promise<void> {
    while (!this.#over) {
      try {
        using client = await dial(port);
        const stop = this.#stop.promise.then(() => close(client));
        for (let left = 1 + Math.random() * 20; left > 0 && !this.#over; left--) {
          await send(client, "more\n");
          if (!await readAnswer(client)) break;
          await this.#pause(Math.random() * PAUSE_MS);
        }
        if (this.#over) await stop;
      } catch {
        // Its backend has just broken.
      }
      await this.#pause(PAUSE_MS);
    }
  }

  async #breakAndHeal(): Promise<void> {
    for (let turn = 1;; turn++) {
      await this.#pause(WELL_MS);
      const at = turn % this.#backends.length;
      const backend = this.#backends[at];
      if (this.#over || backend === undefined) return;
      const { name, port } = backend;
      await say(`  ${paint(31, "-")}  ${name} breaks`);
      await backend[Symbol.asyncDispose]();
      await this.#pause(BROKEN_MS);
      if (this.#over) return;
      await say(`  ${paint(32, "+")}  ${name} is back`);
      this.#backends[at] = new Backend(answers, { name, port });
    }
  }

  /** Waits, but not longer than until all is over. */
  async #pause(ms: number): Promise<void> {
    await Promise.race([sleep(ms), this.#stop.promise]);
  }
}
