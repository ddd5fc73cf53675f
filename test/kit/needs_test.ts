/**
 * Tests that are left out say so: in their names, and in the last line of `deno task test`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "./assert.ts";
import { chosen, type LeftOut, summarize } from "./left_out.ts";
import { inTurn, type Need, needing, privilege, program } from "./needs.ts";

const STRACE = { name: "strace", package: "strace" };
const NGINX = { name: "nginx", package: "nginx-light" };
const BINARY = { name: "dist/balance", remedy: "make it" };
const ROOT = { name: "root" };

const SUMMARIES: readonly [leftOut: readonly LeftOut[], line: string][] = [
  [[], "left out no test"],
  [[{ test: "a", wants: [ROOT] }], "left out 1 test: root"],
  [
    [{ test: "a", wants: [ROOT, STRACE] }, { test: "b", wants: [STRACE] }],
    "left out 2 tests: strace (apt-get install strace), root",
  ],
  [
    [{ test: "a", wants: [STRACE, BINARY] }, { test: "b", wants: [NGINX] }],
    "left out 2 tests: nginx, strace (apt-get install nginx-light strace), dist/balance (make it)",
  ],
];

for (const [leftOut, line] of SUMMARIES) {
  Deno.test(`summarize() says: ${line}`, () => assertEquals(summarize(leftOut), line));
}

const FILTERS: readonly [args: readonly string[], chosen: readonly string[]][] = [
  [["test"], ["one two", "three"]],
  [["test", "--filter", "two"], ["one two"]],
  [["test", "--filter=three"], ["three"]],
  [["test", "--filter", "/^t/"], ["three"]],
];

for (const [args, expected] of FILTERS) {
  Deno.test(`chosen() knows what runs with ${args.join(" ")}`, () => {
    const all = ["one two", "three"].map((test) => ({ test, wants: [ROOT] }));
    assertEquals(chosen(all, args).map(({ test }) => test), expected);
  });
}

Deno.test("a need is asked for by trying it", () => {
  assertEquals(program("sh").met, true);
  assertEquals(program("no-such-program"), {
    name: "no-such-program",
    package: "no-such-program",
    met: false,
  });
  assertEquals(privilege("anything", ["true"]).met, true);
  assertEquals(privilege("anything", ["false"]).met, false);
  assertEquals(privilege("anything", ["no-such-program"]).met, false);
});

Deno.test("needs in turn are the first that is not met, and the others are not tried", () => {
  const met = (name: string): Need => ({ name, met: true });
  const want = (name: string): Need => ({ name, met: false });
  const never = (): Need => {
    throw new Error("tried");
  };
  assertEquals(inTurn(() => met("a"), () => want("b"), never), want("b"));
  assertEquals(inTurn(() => met("a"), () => met("b")), met("b"));
});

Deno.test("a test whose needs are met keeps its name", () => {
  assertEquals(needing([], "it works"), { name: "it works", ignore: false });
  assertEquals(needing(program("sh"), "it works"), { name: "it works", ignore: false });
});

/** Runs test files as `deno task test` does. */
async function runTests(
  files: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<{ code: number; lines: string[] }> {
  const folder = await Deno.makeTempDir({ prefix: "balance-test-" });
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}_test.ts`, text);
    }
    const run = fileURLToPath(new URL("../run.ts", import.meta.url));
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", run, folder, ...args],
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      stderr: "null",
    }).output();
    return { code, lines: new TextDecoder().decode(stdout).trim().split("\n") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const NEEDING = `import { needing } from "${new URL("./needs.ts", import.meta.url)}";
  const missing = { name: "plain-program", package: "plain-package", met: false };
  Deno.test(needing(missing, "it flies"), () => { throw new Error("run"); });
  Deno.test(needing(missing, "it glides"), () => { throw new Error("run"); });`;

Deno.test("deno task test ends with what is left out, and tests say it in their names", async () => {
  const { code, lines } = await runTests({ one: NEEDING, two: NEEDING });
  assertEquals(code, 0, lines.join("\n"));
  assertEquals(lines.at(-1), "left out 4 tests: plain-program (apt-get install plain-package)");
  assertStringIncludes(lines.join("\n"), "it flies (needs plain-program) ... ignored");
});

Deno.test("deno task test passes its arguments on, and the exit code back", async () => {
  const files = { one: NEEDING, two: 'Deno.test("it falls", () => { throw new Error("ow"); });' };
  const failed = await runTests(files);
  assertEquals([failed.code, failed.lines.at(-1)?.slice(0, 16)], [1, "left out 2 tests"]);
  const filtered = await runTests(files, "--filter", "glides");
  assertEquals(
    [filtered.code, filtered.lines.at(-1)],
    [0, "left out 1 test: plain-program (apt-get install plain-package)"],
  );
});
