/** Bytes that wait for a socket: bounded, and their memory used again. */
import { assert, assertEquals } from "../../kit/assert.ts";
import { type Chunk, Chunks, CROWDED, LONGEST } from "../../../lib/traffic/native/chunks.ts";

Deno.test("what is kept is a copy", () => {
  const chunks = new Chunks();
  const bytes = Uint8Array.of(1, 2, 3);
  const { memory, start, end } = chunks.keep(bytes);
  bytes.fill(0);
  assertEquals(memory.subarray(start, end), Uint8Array.of(1, 2, 3));
});

Deno.test("memory that is given back is used again", () => {
  const chunks = new Chunks();
  const first = chunks.keep(new Uint8Array(5000));
  chunks.give(first);
  assertEquals(chunks.held, 0);
  assert(chunks.keep(new Uint8Array(6000)).memory === first.memory);
});

Deno.test("reads become short when receivers that have stopped hold much", () => {
  const chunks = new Chunks();
  const held: Chunk[] = [];
  assertEquals(chunks.longestRead(2 ** 30), LONGEST);
  while (chunks.held <= CROWDED) held.push(chunks.keep(new Uint8Array(LONGEST)));
  assertEquals(chunks.longestRead(2 ** 30), 4096);
  for (const each of held) chunks.give(each);
  assertEquals([chunks.longestRead(2 ** 30), chunks.held], [LONGEST, 0]);
});

Deno.test("a connection that has moved little is read in smaller pieces", () => {
  assert(new Chunks().longestRead(0) < LONGEST);
});
