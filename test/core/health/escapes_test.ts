import { withSeed } from "../../kit/random.ts";
import { ExitError } from "../../../lib/core/errors.ts";
import { parseEscapes } from "../../../lib/core/health/escapes.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";

const TEXTS: readonly [text: string, bytes: readonly number[]][] = [
  ["", []],
  ["PING", [0x50, 0x49, 0x4e, 0x47]],
  ["\\r\\n\\t", [13, 10, 9]],
  ["\\\\n", [0x5c, 0x6e]],
  ["\\0", [0]],
  ["\\0x", [0, 0x78]],
  ["\\012", [10]],
  ["\\0123", [10, 0x33]],
  ["\\18", [1, 0x38]],
  ["\\377\\7", [255, 7]],
  ["\\x41\\xfF0", [0x41, 0xff, 0x30]],
  ["é\\n", [0xc3, 0xa9, 10]],
  ["\n", [10]],
  ["😀", [0xf0, 0x9f, 0x98, 0x80]],
];

for (const [text, bytes] of TEXTS) {
  Deno.test(`parseEscapes() reads ${JSON.stringify(text)}`, () => {
    assertEquals([...parseEscapes(text, "--check-send")], [...bytes]);
  });
}

for (const text of ["\\", "a\\", "\\q", "\\x4", "\\xg0", "\\400", "\\777", "\\8", "\\\n", "\\😀"]) {
  Deno.test(`parseEscapes() refuses ${JSON.stringify(text)}, naming the option`, () => {
    const error = assertThrows(() => parseEscapes(text, "--check-send"), ExitError);
    const accepted = "\\r \\n \\t \\0 \\\\ \\xHH \\ooo";
    const shown = text.replace("\n", "\\x0a");
    assertEquals(
      error.message,
      `balance: --check-send takes text with the escapes ${accepted}, not "${shown}"`,
    );
    assertEquals(error.code, 64);
  });
}

Deno.test("parseEscapes() reads back any bytes, however they are written", () =>
  withSeed((random) => {
    for (let round = 0; round < 300; round++) {
      const bytes = random.bytes(random.between(0, 40));
      const text = Array.from(bytes, (byte) => {
        const octal = `\\${byte.toString(8).padStart(3, "0")}`;
        const hex = `\\x${byte.toString(16).padStart(2, "0")}`;
        const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
        return random.pick(plain ? [octal, hex, String.fromCharCode(byte)] : [octal, hex]);
      }).join("");
      assertEquals(parseEscapes(text, "--check-send"), bytes);
    }
  }));
