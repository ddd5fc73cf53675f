// deno-lint-ignore-file no-console -- a tool of the developers, whose console it is
/**
 * Compiles `balance` into `dist/`: one self-contained binary a platform.
 *
 *     deno task compile          this platform, as dist/balance
 *     deno task compile --all    all platforms, with a SHA-256 list
 *
 * The runtime is the one that `DENORT_BIN` names for this platform, or `DENORT_BIN_<TARGET>` (upper case, underscores) for
 * another one; else Deno downloads it. No code cache: the binary would keep it under a predictable name in the
 * temp folder and feed it to the engine at the next start.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { GRANTS } from "../lib/system/permissions.ts";
import { V8_OPTION } from "../lib/system/v8_flags.ts";
import { sourceDate } from "./source_date.ts";

/** Every platform, as Deno names it. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

/** The top of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the program is bundled: one module starts faster and takes less memory than forty. */
const BUNDLE = "dist/bundle";

/** Entries of threads, in `lib/workers/`. */
const WORKERS = ["worker", "native_worker"] as const;

/** Bundles the program; whether that worked. */
export async function bundle(): Promise<boolean> {
  await removeBundle();
  // Split, so that what is loaded late (log, terminal, -B) stays out of the start-up.
  const options = [
    "--quiet",
    "--lock=deno.lock",
    "--frozen",
    "--minify",
    "--keep-names",
    "--code-splitting",
  ];
  const modules = ["main.ts", ...WORKERS.map((name) => `lib/workers/${name}.ts`)];
  const args = ["bundle", ...options, `--outdir=${BUNDLE}`, ...modules];
  if (!(await deno(args, Deno.env.toObject()))) return false;
  // The program asks for its workers by the sources' names, beside itself.
  for (const name of WORKERS) {
    const entry = `import "./lib/workers/${name}.js";\n`;
    await Deno.writeTextFile(`${root}/${BUNDLE}/${name}.ts`, entry);
  }
  await nameChunks(`${root}/${BUNDLE}`);
  await dateFiles(`${root}/${BUNDLE}`, new Date(sourceDate(root) * 1000));
  return true;
}

/** The end of a chunk's name, which depends on where the source lies. */
const CHUNK = /-[A-Z0-9]{8}\.js/g;

/** Names chunks by their order instead. */
async function nameChunks(folder: string): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  const chunks = names.filter((name) => name.search(CHUNK) >= 0);
  const texts = await Promise.all(chunks.map((name) => Deno.readTextFile(`${folder}/${name}`)));
  const keys = chunks.map((name, at) => `${name}\n${texts[at]}`.replace(CHUNK, ""));
  const order = chunks.toSorted((a, b) =>
    (keys[chunks.indexOf(a)] ?? "") < (keys[chunks.indexOf(b)] ?? "") ? -1 : 1
  );
  const named = (text: string): string =>
    text.replace(/[\w-]+-[A-Z0-9]{8}\.js/g, (name) => {
      const at = order.indexOf(name);
      return at < 0 ? name : `part-${at}.js`;
    });
  const entries = WORKERS.map((name) => `lib/workers/${name}.js`);
  for (const module of [...chunks, "main.js", ...entries]) {
    const text = await Deno.readTextFile(`${folder}/${module}`);
    if (named(module) !== module) await Deno.remove(`${folder}/${module}`);
    await Deno.writeTextFile(`${folder}/${named(module)}`, named(text));
  }
}

/** The times of the files become part of the binary. */
async function dateFiles(folder: string, date: Date): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await dateFiles(path, date);
    else await Deno.utime(path, date, date);
  }
}

async function removeBundle(): Promise<void> {
  try {
    await Deno.remove(`${root}/${BUNDLE}`, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function deno(args: readonly string[], env: Record<string, string>): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    cwd: root,
    clearEnv: true,
    env,
    args: [...args],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  return success;
}

/**
 * Compiles the bundle.
 *
 * @param output Where the binary goes, from the top of the repository.
 * @param target The platform; this one unless told.
 * @returns Whether that worked.
 */
export async function compile(output: string, target: string | undefined): Promise<boolean> {
  const own = target === undefined || target === Deno.build.target;
  const name = own ? "DENORT_BIN" : `DENORT_BIN_${target.toUpperCase().replaceAll("-", "_")}`;
  const runtime = Deno.env.get(name);
  const { DENORT_BIN: _, ...env } = Deno.env.toObject();
  const args = [
    "compile",
    "--quiet",
    "--no-config",
    "--no-check",
    "--unstable-net",
    "--unstable-worker-options",
    "--no-code-cache",
    "--no-prompt",
    "--deny-import",
    V8_OPTION,
    ...GRANTS.map(({ flag }) => flag),
    ...WORKERS.map((name) => `--include=${BUNDLE}/${name}.ts`),
    ...(target === undefined ? [] : [`--target=${target}`]),
    `--output=${output}`,
    `${BUNDLE}/main.js`,
  ];
  return await deno(args, {
    ...env,
    ...(runtime === undefined ? {} : { DENORT_BIN: runtime }),
  });
}

/** Where the binary of a platform goes, from the top of the repository. */
export function binaryOf(target: string): string {
  return `dist/balance-${target}${target.includes("windows") ? ".exe" : ""}`;
}

async function compileAll(): Promise<number> {
  const sums: string[] = [];
  const missing: string[] = [];
  for (const target of TARGETS) {
    const output = binaryOf(target);
    console.log(`compiling ${output}`);
    if (await compile(output, target)) sums.push(`${await sha256(output)}  ${output.slice(5)}`);
    else missing.push(target);
  }
  await Deno.writeTextFile(`${root}/dist/SHA256SUMS`, sums.map((line) => `${line}\n`).join(""));
  console.log(sums.join("\n"));
  for (const target of missing) console.error(`balance: not compiled for ${target}`);
  return missing.length === 0 ? 0 : 1;
}

async function sha256(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(`${root}/${path}`));
  return new Uint8Array(digest).toHex();
}

async function main(args: readonly string[]): Promise<number> {
  const all = args.length === 1 && args[0] === "--all";
  if (args.length > 0 && !all) {
    console.error("usage: deno task compile [--all]");
    return 64;
  }
  if (!(await bundle())) return 1;
  if (all) return await compileAll();
  return (await compile("dist/balance", undefined)) ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
