/**
 * The rules of the house: which folder may import which, and what the core must not touch.
 *
 * @module
 */

/** Modules by path from the top of the repository, `lib/core/table/access.ts` for one. */
export type Sources = ReadonlyMap<string, string>;

/**
 * The floors from the ground up. A module imports from its own folder and from the floors below; folders on one floor do
 * not know each other. Every module lies in one of these folders.
 */
export const FLOORS: readonly (readonly string[])[] = [
  ["lib/core/"],
  ["lib/core/net/"],
  ["lib/core/table/", "lib/core/edge/", "lib/core/health/", "lib/core/names/"],
  ["lib/core/schedule/", "lib/core/report/", "lib/core/command_line/"],
  ["lib/core/session/", "lib/core/control/commands/", "lib/core/top/"],
  ["lib/core/control/"],
  ["lib/core/http/"],
  ["lib/system/"],
  ["lib/traffic/"],
  ["lib/traffic/deno/", "lib/traffic/native/"],
  ["lib/watch/page/model/"],
  ["lib/watch/page/"],
  ["lib/workers/", "lib/backends/", "lib/control/", "lib/watch/"],
  ["lib/instance/"],
  [""],
];

/** What the core may import besides its own modules. */
const CORE_PACKAGES = /^@std\/cli\//;

/** Clock, chance, the outside and waiting: the core has none of it. */
const IMPURE =
  /\b(?:Deno|console|process\s*\.|globalThis|Date|performance|Temporal|crypto|fetch|setTimeout|setInterval|setImmediate|queueMicrotask|await|async|Worker|WebSocket|Math\s*\.\s*random)\b/;

/** Everything that breaks a rule, one line each; nothing when all is well. */
export function findBreaches(sources: Sources): string[] {
  return [...sources].flatMap(([path, source]) => [
    ...(floorOf(path) < 0 ? [`${path}: no floor has this folder`] : []),
    ...upwardImports(path, source),
    ...(isCore(path) ? impurities(path, source) : []),
  ]).concat(findCycles(sources));
}

/** Specifiers of all static and dynamic imports and re-exports. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[^]*?\*\/|(?<=^|[\s;{}()])\/\/.*$/gm, "");
  const pattern = /\b(?:import|export)\b(?:[^;"'()]*?\bfrom)?\s*\(?\s*(["'])(.+?)\1/g;
  return [...code.matchAll(pattern)].map((match) => match[2] ?? "");
}

function isCore(path: string): boolean {
  return path.startsWith("lib/core/");
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** The floor that a module is on, -1 if its folder has none. */
function floorOf(path: string): number {
  const folder = folderOf(path);
  return FLOORS.findIndex((folders) => folders.includes(folder));
}

/** The path that a relative specifier means. */
function targetOf(path: string, specifier: string): string {
  return new URL(specifier, `file:///${path}`).href.slice("file:///".length);
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith(".");
}

function upwardImports(path: string, source: string): string[] {
  return importsOf(source).flatMap((specifier) => {
    if (!isRelative(specifier)) {
      const allowed = !isCore(path) || CORE_PACKAGES.test(specifier);
      return allowed ? [] : [`${path} imports ${specifier}: the core stands alone`];
    }
    const target = targetOf(path, specifier);
    const own = folderOf(path) === folderOf(target);
    if (own || floorOf(target) < floorOf(path)) return [];
    const way = floorOf(target) === floorOf(path) ? "sideways" : "upwards";
    return [`${path} imports ${target}: ${way}, out of ${folderOf(path)}`];
  });
}

/** Takes comments and the contents of strings out, so that only code is left. */
function bareCode(source: string): string {
  const strings = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/;
  const all = new RegExp(String.raw`/\*[^]*?\*/|//.*|${strings.source}`, "g");
  return source.replace(all, (text) => text.replace(/[^\n]/g, " "));
}

function impurities(path: string, source: string): string[] {
  return bareCode(source).split("\n").flatMap((line, at) => {
    const match = IMPURE.exec(line);
    return match === null ? [] : [`${path}:${at + 1} uses ${match[0]}: the core is pure`];
  });
}

/** Each cycle of relative imports once, as the path around it. */
function findCycles(sources: Sources): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push(`import cycle: ${[...trail.slice(start), path].join(" -> ")}`);
      return;
    }
    if (done.has(path)) return;
    const source = sources.get(path) ?? "";
    for (const specifier of importsOf(source).filter(isRelative)) {
      visit(targetOf(path, specifier), [...trail, path]);
    }
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return cycles;
}
