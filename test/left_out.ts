/**
 * Tests that are left out: the tests note them, and `deno task test` tells them in its last line.
 *
 * @module
 */

/** The environment variable that names the folder of the notes; without it nothing is noted. */
export const NOTES_FOLDER = "BALANCE_LEFT_OUT";

/** Something that is missing. */
export interface Want {
  /** What it is. */
  readonly name: string;
  /** The Debian package that has it. */
  readonly package?: string;
  /** The command, or the variable of the environment, that brings it in. */
  readonly remedy?: string;
}

/** One test that is left out. */
export interface LeftOut {
  /** Its name, without the reason. */
  readonly test: string;
  /** What it misses. */
  readonly wants: readonly Want[];
}

/** Notes a test in the folder that {@link NOTES_FOLDER} names. */
export function note(leftOut: LeftOut): void {
  const folder = Deno.env.get(NOTES_FOLDER);
  if (folder === undefined) return;
  // Test files run in parallel: each note is a file of its own.
  Deno.writeTextFileSync(`${folder}/${crypto.randomUUID()}`, JSON.stringify(leftOut));
}

/** All notes of a folder. */
export function readNotes(folder: string): LeftOut[] {
  return [...Deno.readDirSync(folder)].map(({ name }) =>
    JSON.parse(Deno.readTextFileSync(`${folder}/${name}`))
  );
}

/** One line: how many tests are left out, what they miss, and what brings it in. */
export function summarize(leftOut: readonly LeftOut[]): string {
  if (leftOut.length === 0) return "left out no test";
  const wants = new Map(leftOut.flatMap(({ wants }) => wants).map((want) => [want.name, want]));
  const sorted = [...wants.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  const packaged = sorted.filter((want) => want.package !== undefined);
  const packages = [...new Set(packaged.map((want) => want.package))].sort();
  const parts = [
    ...(packaged.length === 0
      ? []
      : [`${names(packaged)} (apt-get install ${packages.join(" ")})`]),
    ...sorted.filter((want) => want.package === undefined)
      .map(({ name, remedy }) => remedy === undefined ? name : `${name} (${remedy})`),
  ];
  return `left out ${leftOut.length} test${leftOut.length === 1 ? "" : "s"}: ${parts.join(", ")}`;
}

/** The names of what is missing, for a list in a sentence. */
export function names(wants: readonly Want[]): string {
  return [...new Set(wants.map(({ name }) => name))].join(", ");
}

/** The tests that a `deno test` with these arguments would run: `--filter` is a text, or a pattern between slashes. */
export function chosen(leftOut: readonly LeftOut[], args: readonly string[]): LeftOut[] {
  const at = args.findIndex((arg) => arg === "--filter" || arg.startsWith("--filter="));
  const filter = args[at]?.includes("=") ? args[at].slice("--filter=".length) : args[at + 1];
  if (at < 0 || filter === undefined) return [...leftOut];
  const pattern = /^\/(.*)\/$/.exec(filter)?.[1];
  return leftOut.filter(({ test }) =>
    pattern === undefined ? test.includes(filter) : new RegExp(pattern).test(test)
  );
}
