/**
 * Instances that a dashboard is looked at on: a made-up one, and the real program.
 *
 * Both have two servers, `web1` and `web2`, and clients that come and go.
 *
 * @module
 */
import { OPTIONS } from "../../lib/core/command_line/options.ts";
import { Backend, hold } from "./backends.ts";
import { fakeChannel, FakeWorld } from "./fake_documents.ts";
import { FAKE_TOKEN, FakeInstance } from "./fake_instance.ts";
import type { Instance } from "./instance.ts";
import type { Need } from "./needs.ts";
import { freePort, ownAddress, returningPort } from "./ports.ts";
import { startInstance } from "./start.ts";
import { TempDir } from "./temp_dir.ts";

/** An instance with a dashboard. */
export interface Watched extends AsyncDisposable {
  /** Where its dashboard is. */
  readonly url: string;
  /** What unlocks its commands. */
  readonly token: string;
  /** Makes `web2` go down. @returns When that is known to the instance. */
  breakServer(): Promise<void>;
  /** Makes `web2` come up. */
  healServer(): Promise<void>;
  /** Ends the instance. */
  stop(): Promise<void>;
  /** Starts it again, as another process at the same place. */
  restart(): Promise<void>;
}

/** How an instance to look at is started. */
export type StartWatched = () => Promise<Watched>;

/** That the program has the option. */
export function httpOption(): Need {
  return { name: "--http", met: OPTIONS.some(({ name }) => String(name) === "http") };
}

/** Starts a made-up instance. */
export function startFake(): Promise<Watched & { readonly fake: FakeInstance }> {
  const now = Date.now();
  const channels = [0, 1].map((at) => fakeChannel(at, `web${at + 1}`, now));
  const fake = new FakeInstance(new FakeWorld(now, [{ group: 0, method: "rr", channels }]));
  fake.world.pass(1);
  fake.start();
  return Promise.resolve({
    fake,
    url: fake.url,
    token: FAKE_TOKEN,
    breakServer: () => Promise.resolve(fake.breakChannel(0, 1)),
    healServer: () => Promise.resolve(fake.healChannel(0, 1)),
    stop: () => fake.stop(),
    restart: () => Promise.resolve(fake.restart()),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  });
}

/** Starts the real program, with checks each fifth of a second and a client that stays on each server. */
export async function startReal(): Promise<Watched> {
  const real = new Real();
  try {
    await real.restart();
    return real;
  } catch (error) {
    await real[Symbol.asyncDispose]();
    throw error;
  }
}

const TOKEN = "a-token-of-the-tests-0123456789";

class Real implements Watched {
  readonly token = TOKEN;
  readonly #folder = new TempDir();
  readonly #places = [1, 2].map(() => ({ hostname: ownAddress(), port: returningPort() }));
  readonly #servers: (Backend | undefined)[];
  readonly #port = freePort();
  readonly #httpPort = freePort();
  readonly #clients: Deno.TcpConn[] = [];
  #instance: Instance | undefined;

  constructor() {
    this.#servers = this.#places.map((place) => new Backend(hold, place));
    Deno.writeTextFileSync(`${this.#folder.path}/token`, `${TOKEN}\n`, { mode: 0o600 });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#httpPort}/`;
  }

  async restart(): Promise<void> {
    const operands = this.#places.map(({ hostname, port }, at) =>
      `${hostname}:${port},name=web${at + 1}`
    );
    const checks = ["--check", "tcp", "--check-interval", "0.2", "--check-fall", "1"];
    const http = ["--http", this.#httpPort, "--http-token", `${this.#folder.path}/token`];
    const options = [...checks, "--check-rise", 1, ...http];
    this.#instance = await startInstance(operands, { options, port: this.#port });
    for (const _ of this.#places) this.#clients.push(await this.#instance.connect());
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    await this.#instance?.[Symbol.asyncDispose]();
    this.#instance = undefined;
  }

  async breakServer(): Promise<void> {
    await this.#servers[1]?.[Symbol.asyncDispose]();
    this.#servers[1] = undefined;
    await this.#instance?.stderr.until(/web2 down/);
  }

  healServer(): Promise<void> {
    this.#servers[1] ??= new Backend(hold, this.#places[1]);
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const server of this.#servers) await server?.[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}
