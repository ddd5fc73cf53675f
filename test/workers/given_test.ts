import { readOptions } from "../../lib/core/command_line/live_options.ts";
import { engineConfigOf } from "../../lib/traffic/engine_config.ts";
import { GivenReader, piecesOf } from "../../lib/workers/given.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { PLAIN_ENGINE } from "../kit/engine_config.ts";

Deno.test("options arrive whole, however long they are, in pieces that a mailbox has room for", () => {
  const networks = Array.from({ length: 3000 }, (_, at) => `10.${at >> 8}.${at & 255}.0/24`);
  const given = ["--deny", networks.join(","), "--check-send", "\x01".repeat(3000), "-T", "7"];
  const pieces = piecesOf(given);
  assert(pieces.length > 10);
  const sizes = pieces.map((piece) => new TextEncoder().encode(JSON.stringify(piece)).length);
  assert(Math.max(...sizes) < 16_384, String(Math.max(...sizes)));
  const reader = new GivenReader(PLAIN_ENGINE);
  const configs = pieces.flatMap((piece) => reader.take(piece) ?? []);
  assertEquals(configs, [engineConfigOf(readOptions(given, "1"), PLAIN_ENGINE)]);
  assertEquals(configs[0]?.idleTimeout, 7);
});
