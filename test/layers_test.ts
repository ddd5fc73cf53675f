import { assert, assertEquals } from "./assert.ts";
import { findBreaches, importsOf } from "./layers.ts";

const ROOT = new URL("../", import.meta.url);

async function readSources(): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  const read = async (path: string): Promise<void> => {
    sources.set(path, await Deno.readTextFile(new URL(path, ROOT)));
  };
  await read("main.ts");
  for (const folder of ["lib/", "lib/core/", "lib/addons/"]) {
    try {
      for await (const { name, isFile } of Deno.readDir(new URL(folder, ROOT))) {
        if (isFile && name.endsWith(".ts")) await read(`${folder}${name}`);
      }
    } catch (error) {
      // No addon has been written yet.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return sources;
}

Deno.test("every import points down, without a cycle, and the core is pure", async () => {
  const sources = await readSources();
  assert(sources.size > 30 && sources.has("lib/core/table.ts"));
  assertEquals(findBreaches(sources), []);
});

/** All modules of the repository, tests and tools included. */
async function* modules(folder: URL): AsyncGenerator<URL, void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const url = new URL(isDirectory ? `${name}/` : name, folder);
    if (isDirectory && !["dist", ".git", "node_modules"].includes(name)) yield* modules(url);
    else if (name.endsWith(".ts")) yield url;
  }
}

Deno.test("no module takes a URL's path for a file's: a blank in it would be %20", async () => {
  const taken: string[] = [];
  let count = 0;
  for await (const url of modules(ROOT)) {
    count++;
    if (/[\w)]\.pathname\b/.test(await Deno.readTextFile(url))) taken.push(url.href);
  }
  assert(count > 100);
  assertEquals(taken, []);
});

const BREACHES: readonly [name: string, path: string, source: string, breach: string][] = [
  [
    "core importing lib",
    "lib/core/a.ts",
    'import { x } from "../b.ts";',
    "lib/core/a.ts imports lib/b.ts: upwards, out of lib/core/",
  ],
  [
    "core importing a type of lib",
    "lib/core/a.ts",
    'import type { X } from "../b.ts";',
    "lib/core/a.ts imports lib/b.ts: upwards, out of lib/core/",
  ],
  [
    "core importing a package",
    "lib/core/a.ts",
    'import { connect } from "node:net";',
    "lib/core/a.ts imports node:net: the core stands alone",
  ],
  [
    "lib importing main",
    "lib/a.ts",
    'import "../main.ts";',
    "lib/a.ts imports main.ts: upwards, out of lib/",
  ],
  [
    "lib importing an addon, even when it is needed",
    "lib/a.ts",
    'const m = await import("./addons/b.ts");',
    "lib/a.ts imports lib/addons/b.ts: upwards, out of lib/",
  ],
  [
    "an addon importing main",
    "lib/addons/a.ts",
    'export { x } from "../../main.ts";',
    "lib/addons/a.ts imports main.ts: upwards, out of lib/addons/",
  ],
  [
    "await in core",
    "lib/core/a.ts",
    "x;\nawait y;",
    "lib/core/a.ts:2 uses await: the core is pure",
  ],
  ["Deno in core", "lib/core/a.ts", "Deno.pid;", "lib/core/a.ts:1 uses Deno: the core is pure"],
  [
    "console in core",
    "lib/core/a.ts",
    "console.log(1)",
    "lib/core/a.ts:1 uses console: the core is pure",
  ],
  [
    "the clock in core",
    "lib/core/a.ts",
    "Date.now()",
    "lib/core/a.ts:1 uses Date: the core is pure",
  ],
  [
    "a timer in core",
    "lib/core/a.ts",
    "setTimeout(f)",
    "lib/core/a.ts:1 uses setTimeout: the core is pure",
  ],
  [
    "chance in core",
    "lib/core/a.ts",
    "Math.random()",
    "lib/core/a.ts:1 uses Math.random: the core is pure",
  ],
];

for (const [name, path, source, breach] of BREACHES) {
  Deno.test(`findBreaches() sees ${name}`, () => {
    assertEquals(findBreaches(new Map([[path, source]])), [breach]);
  });
}

Deno.test("findBreaches() sees a cycle, through types and over several modules", () => {
  const sources = new Map([
    ["lib/a.ts", 'import { b } from "./b.ts";'],
    ["lib/b.ts", 'import type { C } from "./c.ts";\nimport "./d.ts";'],
    ["lib/c.ts", 'export * from "./a.ts";'],
    ["lib/d.ts", ""],
  ]);
  assertEquals(findBreaches(sources), [
    "import cycle: lib/a.ts -> lib/b.ts -> lib/c.ts -> lib/a.ts",
  ]);
});

Deno.test("findBreaches() allows what points down, and words in comments and strings", () => {
  const sources = new Map([
    ["main.ts", 'import "./lib/addons/x.ts";\nimport "./lib/a.ts";\nimport "./lib/core/c.ts";'],
    ["lib/addons/x.ts", 'import "../a.ts";\nimport "../core/c.ts";'],
    ["lib/a.ts", 'import { c } from "./core/c.ts";\nimport { connect } from "node:net";'],
    ["lib/core/c.ts", '// Deno\n/* await\n import "../a.ts" */\nconst x = "console";'],
    ["lib/core/d.ts", 'import { parseArgs } from "@std/cli/parse-args";\nimport "./c.ts";'],
  ]);
  assertEquals(findBreaches(sources), []);
});

Deno.test("importsOf() finds every form of import", () => {
  const source = `import a from "./a.ts";
import {
  b,
} from './b.ts';
import "./c.ts";
import type { D } from "./d.ts";
export { e } from "./e.ts";
export * from "./f.ts";
const g = await import("./g.ts");
// import "./not.ts";
export const text = "from here";
import h from "./h.json" with { type: "json" };`;
  assertEquals(importsOf(source), [
    "./a.ts",
    "./b.ts",
    "./c.ts",
    "./d.ts",
    "./e.ts",
    "./f.ts",
    "./g.ts",
    "./h.json",
  ]);
});
