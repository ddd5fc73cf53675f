/**
 * Lines out of bytes: however they are cut, with their limit.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "../kit/assert.ts";
import { LineTooLong, readLines, writeText } from "../../lib/system/lines.ts";
import { Random } from "../kit/random.ts";

const LIMIT = 10;

/** A source that gives bytes in pieces, then its end of file. */
function source(pieces: readonly Uint8Array[]): {
  read(buffer: Uint8Array): Promise<number | null>;
} {
  const left = [...pieces];
  return {
    read: (buffer) => {
      const piece = left.shift();
      if (piece === undefined) return Promise.resolve(null);
      buffer.set(piece);
      return Promise.resolve(piece.length);
    },
  };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The lines of some pieces, and whether one was too long. */
async function linesOf(pieces: readonly (string | Uint8Array)[]): Promise<[string[], boolean]> {
  const lines: string[] = [];
  const bytes = pieces.map((each) => typeof each === "string" ? bytesOf(each) : each);
  try {
    for await (const line of readLines(source(bytes), LIMIT)) lines.push(line);
    return [lines, false];
  } catch (error) {
    if (error instanceof LineTooLong) return [lines, true];
    throw error;
  }
}

const cases: { name: string; pieces: (string | Uint8Array)[]; lines: string[]; long?: boolean }[] =
  [
    { name: "nothing", pieces: [], lines: [] },
    { name: "one line", pieces: ["show\n"], lines: ["show"] },
    { name: "several lines at once", pieces: ["a\nb\n\nc\n"], lines: ["a", "b", "", "c"] },
    { name: "a line in pieces", pieces: ["sh", "o", "w\n"], lines: ["show"] },
    {
      name: "a line end in a piece of its own",
      pieces: ["show", "\n", "x\n"],
      lines: ["show", "x"],
    },
    { name: "an empty piece", pieces: ["sh", "", "ow\n"], lines: ["show"] },
    { name: "a last line without an end", pieces: ["a\nb"], lines: ["a", "b"] },
    { name: "an empty last line", pieces: ["a\n"], lines: ["a"] },
    { name: "a carriage return, which belongs to the line", pieces: ["a\r\n"], lines: ["a\r"] },
    {
      name: "a character that is cut",
      pieces: [[0xc3], [0xa4, 10]].map((each) => Uint8Array.from(each)),
      lines: ["ä"],
    },
    { name: "bytes that are no UTF-8", pieces: [Uint8Array.of(0xff, 65, 10)], lines: ["\ufffdA"] },
    { name: "a line of the limit", pieces: ["0123456789\n"], lines: ["0123456789"] },
    { name: "a longer line", pieces: ["a\n0123456789x\nb\n"], lines: ["a"], long: true },
    { name: "a longer line without an end", pieces: ["0123456", "789x"], lines: [], long: true },
    { name: "a limit in bytes, not in characters", pieces: ["ääääää\n"], lines: [], long: true },
  ];

for (const { name, pieces, lines, long } of cases) {
  Deno.test(`lines: ${name}`, async () => {
    assertEquals(await linesOf(pieces), [lines, long ?? false]);
  });
}

Deno.test("a line that never ends is refused at once, not when it ends", async () => {
  let asked = 0;
  const endless = {
    read: (buffer: Uint8Array): Promise<number> => {
      if (++asked > 2) throw new Error("read on");
      buffer.fill(65, 0, LIMIT);
      return Promise.resolve(LIMIT);
    },
  };
  const all = async (): Promise<void> => {
    for await (const _line of readLines(endless, LIMIT));
  };
  const error = await assertRejects(all);
  assert(error instanceof LineTooLong, String(error));
});

Deno.test("lines do not depend on how the bytes are cut", async () => {
  const random = new Random(4711);
  for (let round = 0; round < 200; round++) {
    const lines = Array.from(
      { length: random.between(0, 8) },
      () => "x€ä".repeat(random.between(0, 1)) + "y".repeat(random.between(0, 4)),
    );
    const bytes = bytesOf(lines.map((line) => `${line}\n`).join(""));
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const piece = random.between(1, 5);
      pieces.push(bytes.subarray(at, at + piece));
      at += piece;
    }
    assertEquals(await linesOf(pieces), [lines, false]);
  }
});

Deno.test("a failure of the source reaches the reader", async () => {
  const broken = { read: () => Promise.reject(new Deno.errors.ConnectionReset()) };
  const error = await assertRejects(() => readLines(broken, LIMIT).next());
  assert(error instanceof Deno.errors.ConnectionReset, String(error));
});

Deno.test("a text is written whole, however little is taken at once", async () => {
  let got = "";
  const sink = {
    write: (bytes: Uint8Array): Promise<number> => {
      const part = bytes.subarray(0, 2);
      got += String.fromCharCode(...part);
      return Promise.resolve(part.length);
    },
  };
  await writeText(sink, "a whole line\n");
  assertEquals(got, "a whole line\n");
});
