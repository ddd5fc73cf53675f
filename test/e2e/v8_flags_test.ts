/** However the program is started, its memory is collected as `lib/system/v8_flags.ts` says. */
import { V8_FLAGS, V8_OPTION } from "../../lib/system/v8_flags.ts";
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { startBalance } from "../kit/start.ts";
import { freePort } from "../kit/ports.ts";
import { BINARY, COMPILED, ROOT, running, SOURCE } from "../kit/programs.ts";
import config from "../../deno.json" with { type: "json" };

/** The runtime keeps its settings behind the program, at the end of the binary. */
const SETTINGS_BYTES = 1024 * 1024;

/** The V8 flags that a binary gives its engine, the runtime's own included. */
async function flagsOf(path: string): Promise<string[]> {
  const file = await Deno.open(path);
  await file.seek(-SETTINGS_BYTES, Deno.SeekMode.End);
  const text = await new Response(file.readable).text();
  const [, list] = /"v8_flags":(\[[^\]]*\])/.exec(text) ?? [];
  return JSON.parse(list ?? "[]");
}

Deno.test("deno task start gives V8 the flags", () => {
  assert(config.tasks.start.split(" ").includes(V8_OPTION));
});

Deno.test("the README names the flags for a run of one's own", () => {
  assertStringIncludes(Deno.readTextFileSync(`${ROOT}README.md`), `deno run ${V8_OPTION} `);
});

Deno.test("a background instance from source gets the flags, whoever starts it", async () => {
  const command = { name: "bare", words: SOURCE.words.filter((word) => word !== V8_OPTION) };
  await using balance = await startBalance([freePort()], { command });
  const words = await Deno.readTextFile(`/proc/${balance.pid}/cmdline`);
  assertStringIncludes(words, `\0${V8_OPTION}\0`);
});

Deno.test(
  running(COMPILED, "the binary carries the flags, for its background instance and workers too"),
  async () => {
    const flags = await flagsOf(BINARY);
    assertEquals(V8_FLAGS.filter(({ flag }) => !flags.includes(flag)), []);
  },
);
