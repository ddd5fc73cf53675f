/**
 * The engines against no engine at all: two peers play a random script over a direct connection and through a balancer of
 * each kind, and must get the same.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createServer, type Server, Socket } from "node:net";
import { once } from "node:events";
import { assertEquals } from "../kit/assert.ts";
import type { Random } from "../kit/random.ts";
import { startInstance } from "../kit/start.ts";
import { eventually, sleep, within } from "../kit/wait.ts";
import type { Target } from "./target.ts";

/** Scripts of one round: the balancers are started once for all of them. */
const SCRIPTS = 12;
/** Largest piece, in bytes. */
const LARGEST = 200_000;

type Side = "client" | "server";

/** What one of the peers does; everything it has sent before has arrived when it resets. */
type Step =
  | { readonly side: Side; readonly kind: "send"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The other side gets everything before the script goes on. */
  | { readonly side: Side; readonly kind: "arrive" }
  | { readonly side: Side; readonly kind: "pause"; readonly ms: number }
  /** It does not read for a while. */
  | { readonly side: Side; readonly kind: "stall" | "read on" }
  | { readonly side: Side; readonly kind: "end" | "reset" };

/** What a peer has got. */
interface Got {
  /** How many bytes, and their hash. */
  readonly bytes: string;
  /** How its peer ended; `-` of one that has reset the connection itself. */
  readonly end: "end of file" | "reset" | "-";
}

/** One end of a connection. */
class Peer {
  readonly #socket: Socket;
  readonly #chunks: Uint8Array[] = [];
  sent = 0;
  ended = false;
  received = 0;
  end: Got["end"] | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.received += chunk.length;
    });
    socket.on("end", () => this.end ??= "end of file");
    socket.on("error", () => this.end = "reset");
    socket.on("close", () => this.end ??= "reset");
  }

  play(step: Step): void {
    if (this.ended) return;
    switch (step.kind) {
      case "send":
        this.#socket.write(step.bytes);
        this.sent += step.bytes.length;
        break;
      case "stall":
        this.#socket.pause();
        break;
      case "read on":
        this.#socket.resume();
        break;
      case "end":
        this.ended = true;
        this.#socket.end();
        break;
      case "reset":
        this.ended = true;
        this.end = "-";
        this.#socket.resetAndDestroy();
        break;
    }
  }

  finish(): void {
    this.#socket.resume();
    if (!this.ended) this.#socket.end();
  }

  got(): Got {
    let hash = 0x811c9dc5;
    for (const byte of Buffer.concat(this.#chunks)) hash = Math.imul(hash ^ byte, 0x01000193);
    return { bytes: `${this.received} ${hash >>> 0}`, end: this.end ?? "-" };
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A server whose clients are taken one at a time. */
class Backend implements AsyncDisposable {
  readonly #server: Server = createServer({ allowHalfOpen: true });
  readonly #clients: Socket[] = [];

  constructor() {
    this.#server.on("connection", (socket) => this.#clients.push(socket));
  }

  async listen(): Promise<number> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as { port: number }).port;
  }

  async next(): Promise<Socket> {
    await eventually(() => this.#clients.length > 0, "the server's end of a connection");
    return this.#clients.shift() ?? new Socket();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}

/** A script after which both have ended, or one has reset the connection. */
function randomScript(random: Random): Step[] {
  const steps: Step[] = [];
  for (let left = random.between(0, 12); left > 0; left--) {
    const side = random.pick(["client", "server"] as const);
    const bytes = (): Uint8Array<ArrayBuffer> => random.bytes(random.size(LARGEST));
    const act = random.between(0, 9);
    if (act < 5) steps.push({ side, kind: "send", bytes: bytes() });
    else if (act < 6) steps.push({ side, kind: "pause", ms: random.between(0, 4) });
    else if (act < 7) steps.push({ side, kind: "arrive" });
    else if (act < 8) {
      const other = side === "client" ? "server" : "client";
      steps.push({ side, kind: "stall" }, { side: other, kind: "send", bytes: bytes() });
      steps.push({ side, kind: "pause", ms: random.between(0, 4) }, { side, kind: "read on" });
    } else steps.push({ side, kind: "end" });
  }
  const side = random.pick(["client", "server"] as const);
  if (random.chance(0.4)) {
    // A reset destroys what is on its way: both have everything when it comes.
    steps.push({ side: "client", kind: "arrive" }, { side: "server", kind: "arrive" });
    steps.push({ side, kind: "reset" });
  }
  return steps;
}

/** Plays a script on the two ends of a connection. */
async function play(steps: readonly Step[], client: Peer, server: Peer): Promise<[Got, Got]> {
  const peers = { client, server };
  const arrived = (from: Peer, to: Peer): Promise<void> =>
    eventually(() => to.received >= from.sent || to.end !== undefined, "what was sent");
  for (const step of steps) {
    const peer = peers[step.side];
    if (step.kind === "pause") await sleep(step.ms);
    else if (step.kind === "arrive") {
      const other = step.side === "client" ? server : client;
      await arrived(peer, other);
    } else if (step.kind === "reset" && peer.ended) continue;
    else peer.play(step);
  }
  for (const peer of [client, server]) peer.finish();
  await eventually(
    () => client.end !== undefined && server.end !== undefined,
    `the end, of ${client.end} and ${server.end}`,
    15_000,
  );
  const got: [Got, Got] = [client.got(), server.got()];
  for (const peer of [client, server]) peer.close();
  return got;
}

/** Plays a script over a connection to a port. */
async function playAt(
  port: number,
  backend: Backend,
  steps: readonly Step[],
): Promise<[Got, Got]> {
  const socket = new Socket({ allowHalfOpen: true });
  const client = new Peer(socket);
  socket.connect(port, "127.0.0.1");
  await once(socket, "connect");
  const server = new Peer(await within(backend.next(), "a server"));
  // The runtime closes a socket as a whole that is ended before it has begun to read.
  for (const [from, to] of [[client, server], [server, client]] as const) {
    from.play({ side: "client", kind: "send", bytes: new Uint8Array(1) });
    await eventually(() => to.received === 1, "a first byte");
  }
  return await play(steps, client, server);
}

/** Every property of the engines. */
export const targets: readonly Target[] = [
  {
    name: "two peers get through either engine what they get from each other directly",
    round: async (random): Promise<void> => {
      await using backend = new Backend();
      const port = await backend.listen();
      await using portable = await startInstance([port], { engine: "deno" });
      await using native = await startInstance([port], { engine: "native" });
      for (let script = 0; script < SCRIPTS; script++) {
        const steps = randomScript(random);
        const told = JSON.stringify(
          steps.map((step) => step.kind === "send" ? [step.side, step.bytes.length] : step),
        );
        const direct = await playAt(port, backend, steps);
        assertEquals(await playAt(native.port, backend, steps), direct, `native: ${told}`);
        const got = await playAt(portable.port, backend, steps);
        // The runtime has no reset to give: what the portable engine makes of one may be an end of file.
        const blurred = (ends: readonly Got[]): unknown =>
          ends.map(({ bytes, end }) => ({ bytes, end: end === "reset" ? "end of file" : end }));
        assertEquals(blurred(got), blurred(direct), `deno: ${told}`);
      }
    },
  },
];
