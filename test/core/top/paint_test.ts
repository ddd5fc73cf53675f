/** Lines as control sequences. */
import { paint } from "../../../lib/core/top/paint.ts";
import { clipLine, fill, type Line, span, widthOf } from "../../../lib/core/top/text.ts";
import { assertEquals } from "../../kit/assert.ts";

const LINES: readonly Line[] = [[span("a "), span("b", "trouble")], [span("c", "accent")]];

Deno.test("an empty screen gets every line, with colour or without", () => {
  assertEquals(
    paint(LINES, true, undefined),
    "\x1b[1;1H\x1b[Ka \x1b[1;31mb\x1b[0m\x1b[2;1H\x1b[K\x1b[36mc\x1b[0m",
  );
  assertEquals(
    paint(LINES, false, undefined),
    "\x1b[1;1H\x1b[Ka \x1b[1mb\x1b[0m\x1b[2;1H\x1b[Kc",
  );
});

Deno.test("only lines that have changed are sent again", () => {
  assertEquals(paint(LINES, true, LINES), "");
  assertEquals(paint([LINES[0] ?? [], [span("d")]], true, LINES), "\x1b[2;1H\x1b[Kd");
});

Deno.test("texts are cut and filled by columns, not by characters", () => {
  assertEquals(["東京", "e\u0301", "🙂", "a"].map(widthOf), [4, 1, 2, 1]);
  assertEquals(fill("東京", 4), "東京");
  assertEquals(fill("東京", 3), "東…");
  assertEquals(fill("東京", 2), "… ");
  assertEquals(fill("x", 3, "right"), "  x");
  assertEquals(clipLine([span("abc"), span("def")], 4), [span("abc"), span("…")]);
  assertEquals(clipLine([span("abc"), span("d")], 4), [span("abc"), span("d")]);
  assertEquals(clipLine([span("abc"), span("d")], 3), [span("ab…")]);
});
