/** What is read ahead of the relay reaches it whole and in order, however the pieces come. */
import { type Random, withSeed } from "../kit/random.ts";
import { readAll } from "../kit/streams.ts";
import { EarlyStream, MOST_EARLY } from "../../lib/traffic/deno/early_stream.ts";
import type { Stream } from "../../lib/traffic/deno/stream.ts";
import { assert, assertEquals } from "../kit/assert.ts";

/** A stream whose pieces come when they are let go. */
class Source implements Stream {
  readonly #pieces: (Uint8Array | null | Error)[] = [];
  #wake: () => void = () => {};

  put(...pieces: (Uint8Array | null | Error)[]): void {
    this.#pieces.push(...pieces);
    this.#wake();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#pieces.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    const piece = this.#pieces[0] ?? null;
    if (piece instanceof Error) throw piece;
    if (piece === null) return null;
    const part = piece.subarray(0, buffer.length);
    buffer.set(part);
    if (part.length < piece.length) this.#pieces[0] = piece.subarray(part.length);
    else this.#pieces.shift();
    return part.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function text(all: Uint8Array): string {
  return new TextDecoder().decode(all);
}

Deno.test("what was read ahead is read first, without what was skipped", async () => {
  const source = new Source();
  const stream = new EarlyStream(source);
  source.put(bytes("PROXY..."), bytes("GET"));
  assert(await stream.readAhead());
  assert(await stream.readAhead());
  assertEquals(text(stream.early), "PROXY...GET");
  stream.skip(8);
  source.put(bytes(" /"), null);
  assertEquals(text(await readAll(stream)), "GET /");
});

Deno.test("a read that is under way when the relay begins is handed over", async () => {
  const source = new Source();
  const stream = new EarlyStream(source);
  const ahead = stream.readAhead();
  const reading = stream.read(new Uint8Array(2));
  source.put(bytes("abc"), null);
  assertEquals([await ahead, await reading], [false, 2]);
  assertEquals(text(await readAll(stream)), "c");
});

Deno.test("reading ahead ends at the end of file, and the relay sees it too", async () => {
  const source = new Source();
  const stream = new EarlyStream(source);
  source.put(bytes("x"), null);
  assertEquals([await stream.readAhead(), await stream.readAhead()], [true, false]);
  assertEquals(text(await readAll(stream)), "x");
});

Deno.test("a failure while reading ahead is thrown there and to the relay", async () => {
  const source = new Source();
  const stream = new EarlyStream(source);
  source.put(new Deno.errors.ConnectionReset());
  for (const read of [() => stream.readAhead(), () => stream.read(new Uint8Array(1))]) {
    const failure = await read().then(() => undefined, (error: unknown) => error);
    assert(failure instanceof Deno.errors.ConnectionReset);
  }
});

Deno.test("no more is read ahead than the bound", async () => {
  const source = new Source();
  const stream = new EarlyStream(source);
  source.put(new Uint8Array(3 * MOST_EARLY).fill(7), null);
  while (await stream.readAhead());
  assertEquals([stream.early.length, stream.full], [MOST_EARLY, true]);
  assertEquals((await readAll(stream)).length, 3 * MOST_EARLY);
});

async function readInPieces(stream: Stream, random: Random): Promise<Uint8Array> {
  const all: number[] = [];
  for (;;) {
    const buffer = new Uint8Array(random.between(1, 700));
    const count = await stream.read(buffer);
    if (count === null) return Uint8Array.from(all);
    all.push(...buffer.subarray(0, count));
  }
}

Deno.test("whatever is read ahead and skipped, the relay gets the rest", () =>
  withSeed(async (random) => {
    for (let round = 0; round < 100; round++) {
      const source = new Source();
      const stream = new EarlyStream(source);
      const sent = random.bytes(random.between(1, 9000));
      for (let at = 0; at < sent.length;) {
        const piece = sent.subarray(at, at + random.between(1, 900));
        source.put(piece);
        at += piece.length;
      }
      source.put(null);
      for (let reads = random.between(0, 12); reads > 0; reads--) await stream.readAhead();
      const skipped = random.between(0, stream.early.length);
      stream.skip(skipped);
      const late = random.chance(0.5) ? stream.readAhead() : undefined;
      assertEquals(await readInPieces(stream, random), sent.slice(skipped));
      await late;
    }
  }));
