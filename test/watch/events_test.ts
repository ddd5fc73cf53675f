/** Server-sent events: who gets what, and what becomes of slow readers. */
import { close } from "../../lib/system/close.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { dial } from "../kit/clients.ts";
import { readExactly, send } from "../kit/streams.ts";
import { eventually, within } from "../kit/wait.ts";
import { Watch } from "./fixture.ts";

const REQUEST = "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** Characters of a stream that are kept: some are of many megabytes. */
const MOST_KEPT = 4 * 1024 * 1024;
/** Characters of the longest text that is waited for. */
const LONGEST_WANTED = 200;

/** A reader that takes all that comes. */
class Reader implements Disposable {
  /** Everything so far, up to {@link MOST_KEPT}. */
  text = "";
  /** Whether the stream is over. */
  over = false;
  readonly #connection: Deno.TcpConn;
  /** What is waited for, and whom to tell. */
  readonly #wanted = new Map<string, () => void>();
  /** The end of what has come, in which something may have begun. */
  #tail = "";

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    void this.#read();
  }

  static async open(watch: Watch): Promise<Reader> {
    const connection = await dial(watch.port);
    await send(connection, REQUEST);
    return new Reader(connection);
  }

  /** How often something is in the text. */
  count(what: string): number {
    return this.text.split(what).length - 1;
  }

  /** Resolves when something is in the text, or has come behind what is kept of it since this was called. */
  async has(what: string): Promise<void> {
    if (this.text.includes(what)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wanted.set(what, resolve);
    await within(promise, what);
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(65536);
    try {
      for (;;) {
        const count = await this.#connection.read(chunk);
        if (count === null) break;
        this.#take(new TextDecoder().decode(chunk.subarray(0, count)));
      }
    } catch {
      // Closed by us, or reset.
    }
    this.over = true;
  }

  #take(text: string): void {
    if (this.text.length < MOST_KEPT) this.text += text;
    const seen = this.#tail + text;
    for (const [what, tell] of this.#wanted) {
      if (seen.includes(what)) tell();
    }
    this.#tail = seen.slice(-LONGEST_WANTED);
  }

  [Symbol.dispose](): void {
    close(this.#connection);
  }
}

/** A reader that asks and then takes nothing. */
async function openSleeper(watch: Watch): Promise<Deno.TcpConn> {
  const connection = await dial(watch.port);
  await send(connection, REQUEST);
  // The answer has begun.
  await readExactly(connection, 12);
  return connection;
}

Deno.test("a reader of events gets the state at once and then each period", async () => {
  await using watch = new Watch({ limits: { periodMs: 20 } });
  using reader = await Reader.open(watch);
  await reader.has("event: state\ndata: {");
  assertStringIncludes(reader.text, "\r\nContent-Type: text/event-stream\r\n");
  await eventually(() => reader.count("event: state\n") >= 3, "three states");
});

Deno.test("a reader of events gets what happens at once", async () => {
  await using watch = new Watch({ limits: { periodMs: 60_000 } });
  using reader = await Reader.open(watch);
  await reader.has("event: state\n");
  watch.view.happen("channel 0.1 web2 down");
  await reader.has('event: event\ndata: {"at":"2026-11-25T12:00:00.000Z","kind":"transition"');
  await reader.has("channel 0.1 web2 down");
});

Deno.test("a reader of events gets what happened before it came, behind the state", async () => {
  await using watch = new Watch({ limits: { periodMs: 60_000 } });
  watch.view.happen("channel 0.0 web1 down");
  watch.view.happen("channel 0.0 web1 up");
  using reader = await Reader.open(watch);
  await reader.has("web1 up");
  assertEquals(reader.count("event: state\n"), 1);
  assertMatch(reader.text, /event: state\n[^]*web1 down[^]*web1 up/);
});

Deno.test("nothing is made or subscribed to while nobody reads events", async () => {
  await using watch = new Watch({ limits: { periodMs: 20 } });
  assertEquals(watch.view.listeners.size, 0);
  using reader = await Reader.open(watch);
  await reader.has("event: state\n");
  assertEquals(watch.view.listeners.size, 1);
  reader[Symbol.dispose]();
  await eventually(() => watch.view.listeners.size === 0, "nobody listens");
  const { states } = watch.view;
  await new Promise((resolve) => setTimeout(resolve, 60));
  assertEquals(watch.view.states, states);
});

Deno.test("many readers share one state", async () => {
  await using watch = new Watch({ limits: { periodMs: 50 } });
  const readers = await Promise.all(Array.from({ length: 20 }, () => Reader.open(watch)));
  for (const reader of readers) await reader.has("event: state\n");
  await eventually(() => readers.every((each) => each.count("event: state\n") >= 3), "states");
  // One a period, and at most one for each that came, which is made again if the last one is old.
  assert(watch.view.states < 40, `${watch.view.states} states`);
  for (const reader of readers) reader[Symbol.dispose]();
});

Deno.test("one reader more than there may be is told to come again", async () => {
  await using watch = new Watch({ limits: { readers: 2 } });
  using one = await Reader.open(watch);
  using two = await Reader.open(watch);
  await one.has("event: state\n");
  await two.has("event: state\n");
  const { status, headers } = await watch.get("/api/events");
  assertEquals([status, headers.get("retry-after")], [503, "10"]);
  assertEquals((await watch.get("/metrics")).status, 200);
});

Deno.test("a reader that takes nothing is dropped, and the others do not wait for it", async () => {
  const backlogBytes = 64 * 1024 * 1024;
  await using watch = new Watch({ limits: { periodMs: 50, stallMs: 2000, backlogBytes } });
  // More than the system keeps for a connection.
  watch.view.channels = 60_000;
  using sleeper = await openSleeper(watch);
  assert(sleeper !== undefined);
  await eventually(() => watch.view.subscriptions === 1, "it reads");
  using reader = await Reader.open(watch);
  await reader.has("event: state\n");
  watch.view.happen("channel 0.1 web2 down");
  await reader.has("channel 0.1 web2 down");
  reader[Symbol.dispose]();
  await eventually(() => watch.view.listeners.size === 0, "it is dropped");
});

Deno.test("what waits for a slow reader is bounded: it misses states, and too many events drop it", async () => {
  const backlogBytes = 64 * 1024 * 1024;
  await using watch = new Watch({ limits: { periodMs: 60_000, stallMs: 60_000, backlogBytes } });
  using sleeper = await openSleeper(watch);
  assert(sleeper !== undefined);
  await eventually(() => watch.view.listeners.size === 1, "it reads");
  const event = "x".repeat(1024 * 1024);
  let events = 0;
  while (watch.view.listeners.size > 0 && events < 200) {
    watch.view.happen(event);
    watch.view.happened.length = 0;
    events++;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  // What the system keeps comes to what may wait.
  assert(events >= 60 && events < 100, `${events} events`);
});

Deno.test("streams end when the server does", async () => {
  const watch = new Watch();
  using reader = await Reader.open(watch);
  await reader.has("event: state\n");
  await watch[Symbol.asyncDispose]();
  await eventually(() => reader.over, "the end of the stream");
  await eventually(() => watch.view.listeners.size === 0, "nobody listens");
});
