/**
 * The player itself: that it sees a wrong program, and a transcript it does not
 * understand, for what they are.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../kit/assert.ts";
import { needing } from "../kit/needs.ts";
import { applyExceptions, readExceptions } from "./exceptions.ts";
import { FormatError } from "./fields.ts";
import { readTranscript, type Transcript } from "./format.ts";
import { identityOf } from "./identity.ts";
import { matches } from "./placeholders.ts";
import { readSuite, sample, withWorkers } from "./suite.ts";
import { world } from "./world_need.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const WORLD = await world();

/** What is recorded of the classic, or made up: the fake does the first two right. */
const CASES: Record<string, Record<string, unknown>> = {
  "right-usage": { argv: [], exit: 64, stderr: "<USAGE>\n" },
  "right-forward": served(["B1"], [{ op: "gets", port: "<PORT>", n: 2, expect: ["B1", "B1"] }]),
  "wrong-order": served(["B1", "B2"], [
    { op: "gets", port: "<PORT>", n: 2, expect: ["B1", "B2"] },
  ]),
  "wrong-text": { argv: ["-c", "version", "<PORT>"], stdout: "  This is balance 3.54\n" },
  "wrong-exit": { argv: ["-f", "0"], exit: 64, stderr: "invalid port [0], exiting.\n" },
  "wrong-end": served(["B1"], [], { exit: "signal:INT" }),
  "unknown-op": { argv: [], after: [{ op: "dance" }] },
  "unknown-field": { argv: [], after: [{ op: "sleep", seconds: 0, tempo: 1 }] },
  "unknown-kind": { argv: [], setup: { backends: [{ name: "B", port: "<B1>", kind: "odd" }] } },
  "unwanted-fix": { argv: [], disposition: "fix" },
};
const RIGHT = ["right-forward", "right-usage"];

function served(
  names: readonly string[],
  during: unknown[],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  const backends = names.map((name) => ({ name, port: `<${name}>`, kind: "banner" }));
  const argv = ["-f", "<PORT>", ...names.map((name) => `127.0.0.1:<${name}>`)];
  return { argv, setup: { backends }, during, end: "SIGTERM", exit: "signal:TERM", ...more };
}

function makeTranscript(name: string, fields: Record<string, unknown>): Record<string, unknown> {
  const usual = { stdin: null, setup: {}, exit: 0, stdout: "", stderr: "", disposition: "keep" };
  return { name, category: "test", ...usual, ...fields };
}

/** Plays some of the cases against the fake. */
async function play(names: readonly string[]): Promise<{ code: number; lines: string[] }> {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of names) {
      const text = JSON.stringify(makeTranscript(name, CASES[name] ?? {}));
      await Deno.writeTextFile(`${folder}/${name}.json`, text);
    }
    const fake = `${Deno.execPath()} run -A --no-lock ${HERE}fake_balance.ts`;
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--unstable-net", `${HERE}play.ts`, "--balance", fake, folder],
      stderr: "inherit",
    }).output();
    return { code, lines: new TextDecoder().decode(stdout).trim().split("\n") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test(
  needing(WORLD, "the player fails exactly the cases that the program or the transcript has wrong"),
  async () => {
    const names = Object.keys(CASES);
    const { code, lines } = await play(names);
    const failed = lines.filter((line) => line.startsWith("FAIL ")).map((line) => line.slice(5));
    assertEquals(failed.sort(), names.filter((name) => !RIGHT.includes(name)).sort());
    assertEquals(lines.at(-1), "2 passed, 8 failed, 0 skipped");
    assertEquals(code, 1);
    const text = lines.join("\n");
    assertStringIncludes(text, 'expected "B1 | B2", got "B2 | B1"');
    assertStringIncludes(text, 'exit: expected "64", got "65"');
    assertStringIncludes(text, 'unknown op "dance"');
    assertStringIncludes(text, 'unknown field "tempo"');
    assertStringIncludes(text, 'unknown backend kind "odd"');
  },
);

Deno.test(needing(WORLD, "the player ends with 0 when everything passes"), async () => {
  assertEquals(await play(RIGHT), { code: 0, lines: ["2 passed, 0 failed, 0 skipped"] });
});

Deno.test("every golden transcript is understood, and every fix has what is wanted", () => {
  const cases = readSuite(`${HERE}golden`, `${HERE}wanted`);
  const wrong = cases.filter(({ transcript }) => transcript instanceof FormatError);
  assertEquals(wrong.map(({ transcript }) => transcript), []);
  const recorded = readSuite(`${HERE}golden`).map(({ transcript }) => transcript as Transcript);
  const fixes = recorded.filter(({ disposition }) => disposition === "fix").map((t) => t.name);
  const wanted = readSuite(`${HERE}wanted`).map(({ name }) => name);
  assertEquals(wanted, fixes);
});

Deno.test("every row of the exceptions changes an existing keep transcript", () => {
  const recorded = new Map(readSuite(`${HERE}golden`).map((one) => [one.name, one.transcript]));
  for (const row of readExceptions().filter(({ rule }) => rule === undefined)) {
    const transcript = recorded.get(row.name);
    assert(transcript !== undefined && !(transcript instanceof FormatError), row.name);
    assertEquals(transcript.disposition, "keep");
    const changed = applyExceptions(transcript, [row]);
    assert(JSON.stringify(changed) !== JSON.stringify(transcript), row.name);
  }
});

Deno.test("the sample has about 40 cases, of every category, and is always the same", () => {
  const cases = readSuite(`${HERE}golden`, `${HERE}wanted`);
  const categories = (some: typeof cases): Set<string> =>
    new Set(some.map(({ transcript }) => (transcript as Transcript).category));
  const chosen = sample(cases);
  assert(chosen.length >= 35 && chosen.length <= 50, `${chosen.length}`);
  assertEquals(categories(chosen), categories(cases));
  assertEquals(sample(cases), chosen);
});

Deno.test("--workers goes to instances, never to -i and -c", () => {
  const transcript = readTranscript(
    makeTranscript("t", {
      category: "scheduling",
      argv: ["-c", "show", "<PORT>"],
      setup: { instances: [{ argv: ["-f", "<PORT>"] }] },
    }),
    "t",
  );
  const [changed] = withWorkers([{ name: "t", transcript }], "2");
  const { argv, setup } = changed?.transcript as Transcript;
  assertEquals(argv, ["-c", "show", "<PORT>"]);
  assertEquals(setup.instances?.[0]?.argv, ["--workers", "2", "-f", "<PORT>"]);
});

Deno.test("matches() compares to the byte but for the names of varying texts", () => {
  const names = new Map([["PORT", "48001"]]);
  assert(matches("port 48001\n", "port <PORT>\n", names));
  assert(!matches("port 48002\n", "port <PORT>\n", names));
  assert(matches("usage: x\ny\n", "<USAGE>\n", names));
  assert(!matches("", "<USAGE>\n", names));
  assert(!matches("a.c", "abc", names));
  assert(!matches("48001x<PID>", "<PORT>.<PID>", names));
  assert(matches("group <grp> 48001", "group <grp> <PORT>", names));
});

Deno.test("identityOf() reads a command line as getopt does", () => {
  const expected = { port: 80, bind: "::1", foreground: true, starts: true };
  assertEquals(identityOf(["-fb", "::1", "80", "localhost"]), expected);
  assertEquals(identityOf(["-b::1", "80", "localhost", "-f"]), expected);
  assertEquals(identityOf(["-t", "3", "-c", "show", "80"]).starts, false);
});

Deno.test("readTranscript() refuses a missing or wrong field", () => {
  const { exit: _, ...without } = makeTranscript("t", { argv: [] });
  assertThrows(() => readTranscript(without, "t"), FormatError, '"exit" is missing');
  const wrong = makeTranscript("t", { argv: "80" });
  assertThrows(() => readTranscript(wrong, "t"), FormatError, '"argv" is not strings');
});
