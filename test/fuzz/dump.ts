/**
 * The packet dump: reversible, and broken where it should be. Lines: the same however they arrive.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { formatRecord } from "../../lib/core/dump.ts";
import { formatLogLine, printable } from "../../lib/core/text.ts";
import { LineTooLong, readLines } from "../../lib/system/lines.ts";
import type { Random } from "../kit/random.ts";
import { nastyText, type Target } from "./target.ts";

/** Reads a record back to its bytes; the head tells how many there are. */
function undump(record: string): Uint8Array {
  const head = /^-[<>] (\d+)\n/.exec(record);
  assert(head !== null, "no head");
  const body = record.slice(head[0].length, -1).replaceAll("\n", "");
  const bytes: number[] = [];
  for (let at = 0; at < body.length; at++) {
    if (body[at] !== "\\") {
      bytes.push(body.charCodeAt(at));
    } else if (body[at + 1] === "\\") {
      bytes.push(0x5c);
      at++;
    } else {
      bytes.push(parseInt(body.slice(at + 1, at + 3), 16));
      at += 2;
    }
  }
  assertEquals(bytes.length, Number(head[1]));
  return new Uint8Array(bytes);
}

function randomData(random: Random): Uint8Array<ArrayBuffer> {
  const kind = random.between(0, 2);
  return random.bytes(random.between(1, 400)).map((byte) => {
    if (kind === 0) return byte;
    if (kind === 1) return 0x20 + byte % 95;
    return random.pick([0x0a, 0x5c, 0x41, 0xff]);
  });
}

/** A source that gives a text in random pieces. */
function pieces(
  random: Random,
  bytes: Uint8Array,
): { read(buffer: Uint8Array): Promise<number | null> } {
  let at = 0;
  return {
    read: (buffer): Promise<number | null> => {
      if (at === bytes.length) return Promise.resolve(null);
      const count = Math.min(random.between(1, 50), buffer.length, bytes.length - at);
      buffer.set(bytes.subarray(at, at + count));
      at += count;
      return Promise.resolve(count);
    },
  };
}

/** Every property of what is printed and of lines. */
export const targets: readonly Target[] = [
  {
    name: "a dumped record can be read back to its bytes, and no line is too long",
    round: (random): void => {
      const data = randomData(random);
      const record = formatRecord(random.chance(0.5) ? "sent" : "received", data);
      assertEquals(undump(record), new Uint8Array(data));
      assert(/^[\x20-\x7e\n]*$/.test(record));
      for (const line of record.split("\n")) assert(line.length <= 83, line);
    },
  },
  {
    name: "lines are the same however they arrive, and one that is too long is refused",
    round: async (random): Promise<void> => {
      const lines = Array.from(
        { length: random.between(0, 9) },
        () =>
          random.pick([
            "",
            "a",
            "é".repeat(random.between(1, 40)),
            "x".repeat(random.between(1, 120)),
          ]),
      );
      const open = random.chance(0.5);
      const bytes = new TextEncoder().encode(
        lines.map((line) => `${line}\n`).join("") + (open ? "tail" : ""),
      );
      const expected = open ? [...lines, "tail"] : lines;
      const size = (line: string): number => new TextEncoder().encode(line).length;
      const tooLong = expected.findIndex((line) => size(line) > 100);
      const got: string[] = [];
      try {
        for await (const line of readLines(pieces(random, bytes), 100)) got.push(line);
        assertEquals([tooLong, got], [-1, expected]);
      } catch (error) {
        if (!(error instanceof LineTooLong)) throw error;
        assertEquals(got, expected.slice(0, tooLong));
      }
    },
  },
  {
    name: "whatever is logged or printed of strangers has no control characters",
    round: (random): void => {
      const text = nastyText(random, 10);
      const line = formatLogLine("a {b}", { b: text, c: text, d: 1 });
      for (const shown of [printable(text), line]) {
        // deno-lint-ignore no-control-regex
        assert(!/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]/.test(shown), shown);
      }
    },
  },
];
