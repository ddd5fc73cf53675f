import { formatEnd, formatRecord } from "../../lib/core/dump.ts";
import { assertEquals } from "../kit/assert.ts";

const X = (count: number): string => "x".repeat(count);

const RECORDS: readonly [name: string, data: string | number[], wanted: string][] = [
  ["printable text as it is", "hello ~!", "hello ~!\n"],
  ["a backslash doubled", "a\\b", "a\\\\b\n"],
  ["other bytes in upper case hex, singly", [0, 0x1f, 0x7f, 0xe4, 0xff], "\\00\\1F\\7F\\E4\\FF\n"],
  ["UTF-8 byte by byte", "ä", "\\C3\\A4\n"],
  ["a tab in hex", "\t", "\\09\n"],
  ["a newline with a real line break", "a\nb", "a\\0A\nb\n"],
  ["an empty line behind data that ends in a newline", "hello\r\n", "hello\\0D\\0A\n\n"],
  ["80 columns unbroken", X(80), `${X(80)}\n`],
  ["81 columns broken at the end: an empty line follows", X(81), `${X(81)}\n\n`],
  ["82 characters as 81 and 1", X(82), `${X(81)}\nx\n`],
  ["162 characters as two whole lines", X(162), `${X(81)}\n${X(81)}\n\n`],
  ["82 columns where a backslash ends the line", `${X(80)}\\y`, `${X(80)}\\\\\ny\n`],
  ["83 columns where a hex item ends the line", `${X(80)}\ty`, `${X(80)}\\09\ny\n`],
  ["no split of an item at column 79", `${X(79)}\ty`, `${X(79)}\\09\ny\n`],
  ["no break at exactly 80 columns of hex and text", `${X(77)}\t`, `${X(77)}\\09\n`],
  ["a newline that restarts the count", `${X(80)}\n${X(80)}`, `${X(80)}\\0A\n${X(80)}\n`],
  [
    "a newline in column 78 without a further break",
    `${X(79)}\n${X(2)}`,
    `${X(79)}\\0A\nxx\n`,
  ],
  ["27 hex items a line", Array(28).fill(0), `${"\\00".repeat(27)}\n\\00\n`],
];

for (const [name, data, wanted] of RECORDS) {
  Deno.test(`formatRecord() writes ${name}`, () => {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
    assertEquals(formatRecord("sent", bytes), `-> ${bytes.length}\n${wanted}`);
  });
}

Deno.test("formatRecord() marks the server's data with its own arrow", () => {
  assertEquals(formatRecord("received", new Uint8Array([65])), "-< 1\nA\n");
});

Deno.test("formatRecord() never writes a line of more than 83 characters", () => {
  const bytes = Uint8Array.from({ length: 32768 }, (_, at) => (at * 7919) % 256);
  const longest = Math.max(...formatRecord("sent", bytes).split("\n").map(({ length }) => length));
  assertEquals(longest <= 83, true);
});

const ENDS: readonly ["sent" | "received", boolean, string][] = [
  ["sent", false, "-> 0\n\n"],
  ["received", false, "-< 0\n\n"],
  ["sent", true, "-> -1\n\n"],
  ["received", true, "-< -1\n\n"],
];

for (const [direction, failed, wanted] of ENDS) {
  Deno.test(`formatEnd() writes ${JSON.stringify(wanted)}`, () => {
    assertEquals(formatEnd(direction, failed), wanted);
  });
}
