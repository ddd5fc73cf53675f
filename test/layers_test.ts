import { assert, assertEquals } from "./kit/assert.ts";
import { findBreaches, FLOORS, importsOf } from "./layers.ts";

const ROOT = new URL("../", import.meta.url);

/** Every module of the program, whatever folder it is in. */
async function readSources(): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  const walk = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
      const path = `${folder}${name}`;
      if (isDirectory) await walk(`${path}/`);
      else if (name.endsWith(".ts")) {
        sources.set(path, await Deno.readTextFile(new URL(path, ROOT)));
      }
    }
  };
  sources.set("main.ts", await Deno.readTextFile(new URL("main.ts", ROOT)));
  await walk("lib/");
  return sources;
}

Deno.test("every import points down, without a cycle, and the core is pure", async () => {
  const sources = await readSources();
  assert(sources.size > 40 && sources.has("lib/core/table/access.ts"));
  assertEquals(findBreaches(sources), []);
});

Deno.test("every floor has its folders", async () => {
  const folders = new Set(
    [...(await readSources()).keys()].map((path) => path.replace(/[^/]*$/, "")),
  );
  for (const folder of FLOORS.flat()) assert(folders.has(folder), `no module in ${folder}`);
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
    'import { x } from "../system/b.ts";',
    "lib/core/a.ts imports lib/system/b.ts: upwards, out of lib/core/",
  ],
  [
    "core importing a type of lib",
    "lib/core/table/a.ts",
    'import type { X } from "../../system/b.ts";',
    "lib/core/table/a.ts imports lib/system/b.ts: upwards, out of lib/core/table/",
  ],
  [
    "a floor of the core importing the one above",
    "lib/core/table/a.ts",
    'import { x } from "../schedule/b.ts";',
    "lib/core/table/a.ts imports lib/core/schedule/b.ts: upwards, out of lib/core/table/",
  ],
  [
    "core importing a package",
    "lib/core/a.ts",
    'import { connect } from "node:net";',
    "lib/core/a.ts imports node:net: the core stands alone",
  ],
  [
    "lib importing main",
    "lib/instance/a.ts",
    'import "../../main.ts";',
    "lib/instance/a.ts imports main.ts: upwards, out of lib/instance/",
  ],
  [
    "an upward import that waits until it is needed",
    "lib/traffic/deno/a.ts",
    'const m = await import("../../control/b.ts");',
    "lib/traffic/deno/a.ts imports lib/control/b.ts: upwards, out of lib/traffic/deno/",
  ],
  [
    "a neighbour on the same floor",
    "lib/workers/a.ts",
    'export { x } from "../control/b.ts";',
    "lib/workers/a.ts imports lib/control/b.ts: sideways, out of lib/workers/",
  ],
  ["a folder without a floor", "lib/attic/a.ts", "", "lib/attic/a.ts: no floor has this folder"],
  ["a module beside the folders", "lib/a.ts", "", "lib/a.ts: no floor has this folder"],
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
    ["lib/system/a.ts", 'import { b } from "./b.ts";'],
    ["lib/system/b.ts", 'import type { C } from "./c.ts";\nimport "./d.ts";'],
    ["lib/system/c.ts", 'export * from "./a.ts";'],
    ["lib/system/d.ts", ""],
  ]);
  assertEquals(findBreaches(sources), [
    "import cycle: lib/system/a.ts -> lib/system/b.ts -> lib/system/c.ts -> lib/system/a.ts",
  ]);
});

Deno.test("findBreaches() allows what points down, and words in comments and strings", () => {
  const sources = new Map([
    ["main.ts", 'import "./lib/instance/x.ts";\nimport "./lib/core/c.ts";'],
    ["lib/instance/x.ts", 'import "../control/a.ts";\nimport "../core/net/d.ts";'],
    ["lib/control/a.ts", 'import { c } from "../core/c.ts";\nimport { connect } from "node:net";'],
    ["lib/core/c.ts", '// Deno\n/* await\n import "../a.ts" */\nconst x = "console";'],
    ["lib/core/net/d.ts", 'import { parseArgs } from "@std/cli/parse-args";\nimport "../c.ts";'],
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
