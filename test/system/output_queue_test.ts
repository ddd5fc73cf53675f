/**
 * Text for a slow reader: in order, whole, bounded, and never in the way.
 *
 * @module
 */
import { assertEquals } from "../kit/assert.ts";
import { OutputQueue } from "../../lib/system/output_queue.ts";
import { sleep } from "../kit/wait.ts";

const LIMIT = 8 * 1024 * 1024;

/** A reader that takes so many bytes whenever it is told to, and can go. */
class Reader {
  /** What it has got. */
  text = "";
  /** Writes that were begun. */
  writes = 0;
  readonly #most: number;
  #held: PromiseWithResolvers<void> | undefined;

  constructor(most = Infinity, holds = false) {
    this.#most = most;
    if (holds) this.#held = Promise.withResolvers();
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.writes++;
    await this.#held?.promise;
    const part = bytes.subarray(0, this.#most);
    this.text += new TextDecoder().decode(part);
    return part.length;
  }

  /** Takes everything from now on. */
  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Goes away. */
  go(): void {
    this.#held?.reject(new Deno.errors.BrokenPipe());
  }
}

/** Lets everything that is ready happen. */
async function turn(): Promise<void> {
  await sleep(0);
}

Deno.test("text comes in order and whole, however little is taken at once", async () => {
  const reader = new Reader(3);
  const backlog = new OutputQueue(reader);
  for (let number = 0; number < 100; number++) backlog.put(`line ${number}\n`);
  await turn();
  assertEquals(reader.text, Array.from({ length: 100 }, (_, at) => `line ${at}\n`).join(""));
});

Deno.test("a reader gets one write at a time, and what waited meanwhile in one", async () => {
  const reader = new Reader(Infinity, true);
  const backlog = new OutputQueue(reader);
  for (const text of ["a", "b", "c"]) backlog.put(text);
  await turn();
  assertEquals(reader.writes, 1);
  reader.release();
  await turn();
  assertEquals([reader.text, reader.writes], ["abc", 2]);
  backlog.put("d");
  await turn();
  assertEquals(reader.text, "abcd");
});

Deno.test("as much as the limit waits, one character more is too much", async () => {
  const lost: string[] = [];
  const reader = new Reader(Infinity, true);
  const backlog = new OutputQueue(reader, (why) => lost.push(why));
  backlog.put("first");
  await turn();
  backlog.put("x".repeat(LIMIT));
  assertEquals(lost, []);
  backlog.put("y");
  assertEquals(lost, ["slow"]);
  reader.release();
  await turn();
  backlog.put("later");
  await turn();
  assertEquals(reader.text, "first");
  assertEquals(lost, ["slow"]);
});

Deno.test("a reader that has gone is told once, and nothing is written after that", async () => {
  const lost: string[] = [];
  const reader = new Reader(Infinity, true);
  const backlog = new OutputQueue(reader, (why) => lost.push(why));
  backlog.put("a");
  reader.go();
  await turn();
  backlog.put("b");
  backlog.put("x".repeat(LIMIT + 1));
  await turn();
  assertEquals([lost, reader.text, reader.writes], [["gone"], "", 1]);
});

Deno.test("nobody has to be told", async () => {
  const reader = new Reader(Infinity, true);
  const backlog = new OutputQueue(reader);
  backlog.put("a");
  reader.go();
  await turn();
  backlog.put("b");
  await turn();
  assertEquals(reader.text, "");
});
