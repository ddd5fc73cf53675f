import { formatJsonLine, formatLogLine, printable } from "../../lib/core/text.ts";
import { assertEquals, assertMatch } from "../kit/assert.ts";

const TEXTS: readonly [name: string, text: string, wanted: string][] = [
  ["leaves ordinary text alone", "host-1.test äöü 日本", "host-1.test äöü 日本"],
  ["replaces an escape sequence", "\x1b[2Jx", "\\x1b[2Jx"],
  ["replaces line ends and tabs", "a\nb\r\tc", "a\\x0ab\\x0d\\x09c"],
  ["replaces NUL and DEL", "\0\x7f", "\\x00\\x7f"],
  ["replaces C1 controls", "\x9b", "\\x9b"],
  ["replaces what turns the writing direction", "a\u202eb", "a\\u{202e}b"],
  ["replaces line and paragraph separators", "\u2028\u2029", "\\u{2028}\\u{2029}"],
  ["replaces a lone surrogate", "\ud800", "\\u{d800}"],
];

for (const [name, text, wanted] of TEXTS) {
  Deno.test(`printable() ${name}`, () => assertEquals(printable(text), wanted));
}

const LINES: readonly [name: string, string, Record<string, unknown>, string][] = [
  ["puts fields into the message", "group {g} channel {c}", { g: 0, c: 1 }, "group 0 channel 1"],
  ["appends other fields", "ended", { client: "a", sent: 5 }, "ended client=a sent=5"],
  ["quotes values with blanks", "ended", { cause: "client closed" }, 'ended cause="client closed"'],
  ["keeps strangers' bytes off the terminal", "x {a}", { a: "\x1b", b: "\n" }, "x \\x1b b=\\x0a"],
  ["does not expand a value's braces", "x {a}", { a: "{b}", b: "c" }, "x {b} b=c"],
];

for (const [name, message, fields, wanted] of LINES) {
  Deno.test(`formatLogLine() ${name}`, () => assertEquals(formatLogLine(message, fields), wanted));
}

Deno.test("formatJsonLine() has time, level and message first, then every field by its name", () => {
  const head = { time: "2026-11-25T02:00:00.000Z", level: "notice" };
  const line = formatJsonLine(head, "worker {worker} died: {reason}", { worker: 1, reason: "x y" });
  assertEquals(
    line,
    '{"time":"2026-11-25T02:00:00.000Z","level":"notice","message":"worker 1 died: x y",' +
      '"worker":1,"reason":"x y"}',
  );
});

Deno.test("formatJsonLine() is one line without control characters, and nothing of a value is lost", () => {
  const reason = 'a\n"b"\x1b[2J\x9b\u202e\u{e0001}\ud800\u2028ß😀';
  const line = formatJsonLine({ time: "t", level: "info" }, "{reason}", { reason });
  assertMatch(line, /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u);
  const read = JSON.parse(line);
  assertEquals([read.message, read.reason], [reason, reason]);
});
