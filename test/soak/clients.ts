/**
 * Clients of the soak: each plays one part over and over until the end, and counts what it saw.
 *
 * @module
 */
import type { Random } from "../kit/random.ts";
import { pause, STEADY, verb } from "./backends.ts";
import type { Instance } from "../kit/instance.ts";
import { close } from "../../lib/system/close.ts";
import { readAll, readExactly, send } from "../kit/streams.ts";
import { Resetter } from "../kit/clients.ts";

/** What was seen, and what must not be. */
export class Tally {
  /** Conversations checked byte by byte. */
  talks = 0;
  /** Bytes checked. */
  bytes = 0;
  /** Conversations cut by the backend that comes and goes. */
  cut = 0;
  /** When that backend went last, as `performance.now()`. */
  gone = 0;
  /** Clients that reset, stalled or idled. */
  misbehaved = 0;
  /** Commands answered. */
  commands = 0;
  /** What must not be, one line each. */
  readonly faults: string[] = [];

  /** Notes something that must not be. */
  fault(text: string): void {
    if (this.faults.length < 50) this.faults.push(text);
  }
}

/** What a part needs. */
export interface Stage {
  readonly balance: Instance;
  readonly tally: Tally;
  readonly random: Random;
  readonly ended: AbortSignal;
}

/** Conversations that are checked: what comes back must be what was sent, whole unless the backend was cut. */
export async function talk({ balance, tally, random, ended }: Stage): Promise<void> {
  while (!ended.aborted) {
    const sent = random.bytes(random.size(300_000));
    const began = performance.now();
    using client = await connectUnlessReset(balance);
    if (client === undefined) {
      if (tally.gone < began - 500) tally.fault("a client was reset while no backend had gone");
      tally.cut++;
      continue;
    }
    const { who, got } = await exchange(client, sent);
    // A client may also be cut before the backend has said who it is.
    if (who === undefined && tally.gone < began - 500) {
      tally.fault(`a client was turned away after ${tally.talks} talks`);
    }
    const whole = got.length === sent.length;
    const wrong = got.findIndex((byte, at) => byte !== sent[at]);
    if (wrong >= 0) {
      const from = `${wrong} of ${sent.length}, ${got.length} came`;
      tally.fault(`wrong bytes from ${from}: ${got.slice(wrong, wrong + 8)} of ${who}`);
    }
    if (whole) tally.talks++;
    else if (who === STEADY) tally.fault(`${got.length} of ${sent.length} bytes`);
    else tally.cut++;
    tally.bytes += got.length;
  }
}

/** A client; undefined if a reset of its backend, which the native engine passes on, came before it knew to be connected. */
async function connectUnlessReset(balance: Instance): Promise<Deno.TcpConn | undefined> {
  try {
    return await balance.connect();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionReset) return undefined;
    throw error;
  }
}

async function exchange(
  client: Deno.TcpConn,
  sent: Uint8Array<ArrayBuffer>,
): Promise<{ who: number | undefined; got: Uint8Array }> {
  let who: number | undefined;
  const writing = (async () => {
    await send(client, new Uint8Array([verb("E")]));
    await send(client, sent);
    await client.closeWrite();
  })().catch(() => {});
  const got = new Uint8Array(sent.length);
  let length = 0;
  try {
    who = (await readExactly(client, 1))[0];
    for (let count: number | null = 0; count !== null && length < got.length; length += count) {
      count = await client.read(got.subarray(length));
      if (count === null) break;
    }
    if (length === got.length && (await readAll(client)).length > 0) length = -1;
  } catch {
    // Cut: the caller sees how far it came.
  }
  await writing;
  return { who, got: got.subarray(0, Math.max(0, length)) };
}

/** Clients that reset in the middle, stall, leave early or half-close and stay. */
export async function misbehave({ balance, tally, random, ended }: Stage): Promise<void> {
  while (!ended.aborted) {
    tally.misbehaved++;
    try {
      if (random.chance(0.5)) {
        const client = await Resetter.connect(balance.port);
        await client.write(new Uint8Array(random.size(50_000)).fill(verb(random.pick(["E", "C"]))));
        await pause(random.between(0, 20), ended);
        await client.reset();
      } else {
        using client = await balance.connect();
        await send(client, new Uint8Array([verb(random.pick(["G", "C", "H"]))]));
        if (random.chance(0.3)) await client.closeWrite();
        await pause(random.between(0, 1500), ended);
      }
    } catch {
      // What such a client is told in return does not matter.
    }
  }
}

/** A crowd that comes, does nothing and goes. */
export async function crowd({ balance, tally, random, ended }: Stage): Promise<void> {
  while (!ended.aborted) {
    const clients: Deno.TcpConn[] = [];
    for (let count = random.between(10, 200); count > 0 && !ended.aborted; count--) {
      const client = await connectUnlessReset(balance);
      if (client !== undefined) clients.push(client);
    }
    await pause(random.between(100, 3000), ended);
    for (const each of clients) close(each);
    tally.misbehaved += clients.length;
  }
}

/** An operator who changes things, and a stranger who sends rubbish. */
export async function operate({ balance, tally, random, ended }: Stage): Promise<void> {
  const lines = ["show", "help", "mrtg-bytes 0 0", "workers", "maxc 1 0", "disable 9", "group 3"];
  while (!ended.aborted) {
    const channel = random.between(1, 4);
    const line = random.chance(0.5)
      ? random.pick(lines)
      : `${random.pick(["enable", "disable", "reset"])} ${channel}`;
    try {
      await balance.ask(line);
      tally.commands++;
      if (random.chance(0.2)) await rubbish(balance, random);
    } catch (error) {
      tally.fault(`control: ${error}`);
    }
    await pause(random.between(5, 100), ended);
  }
}

async function rubbish(balance: Instance, random: Random): Promise<void> {
  using stranger = await Deno.connect({ transport: "unix", path: balance.socket });
  await stranger.write(random.bytes(random.between(1, 5000)).map((byte) => byte | 0x80))
    .catch(() => {});
}
