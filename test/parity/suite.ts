/**
 * Which cases are played, and in which form.
 *
 * @module
 */
import { FormatError } from "./fields.ts";
import { readTranscript, type Transcript } from "./format.ts";
import { identityOf } from "./identity.ts";
import type { Step } from "./steps_format.ts";

/** What `--workers` makes sense for: scheduling, counters and control. */
const WORKER_CATEGORIES = [
  "addresses",
  "autodisable",
  "command",
  "connections",
  "control-errors",
  "daemon",
  "hash",
  "interactive",
  "listen",
  "man-examples",
  "scheduling",
];
const SAMPLE_SIZE = 40;

/** A case to play, or why its file cannot be. */
export interface Case {
  name: string;
  transcript: Transcript | FormatError;
}

/**
 * Reads a folder of transcripts.
 *
 * @param wanted Folder with what is wanted in place of `fix` cases; without it
 * they stay as recorded.
 */
export function readSuite(folder: string, wanted?: string): Case[] {
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".json") && name !== "INDEX.json").sort();
  return names.map((file) => {
    const name = file.slice(0, -".json".length);
    return { name, transcript: readCase(folder, name, wanted) };
  });
}

function readCase(folder: string, name: string, wanted?: string): Transcript | FormatError {
  try {
    const recorded = readFile(`${folder}/${name}.json`, name);
    if (recorded.disposition === "keep" || wanted === undefined) return recorded;
    return readFile(`${wanted}/${name}.json`, name);
  } catch (error) {
    if (error instanceof FormatError) return error;
    const text = error instanceof Error ? error.message : String(error);
    return new FormatError(`${name}: ${text}`);
  }
}

function readFile(path: string, name: string): Transcript {
  const transcript = readTranscript(JSON.parse(Deno.readTextFileSync(path)), name);
  if (transcript.name === name) return transcript;
  throw new FormatError(`${name}: is named ${transcript.name} inside`);
}

/** About {@linkcode SAMPLE_SIZE} cases, always the same, of every category. */
export function sample(cases: readonly Case[]): Case[] {
  const groups = Map.groupBy(
    cases,
    ({ transcript }) => transcript instanceof FormatError ? "" : transcript.category,
  );
  const share = SAMPLE_SIZE / cases.length;
  return [...groups.values()].flatMap((group) => {
    const count = Math.min(group.length, Math.max(1, Math.round(group.length * share)));
    return Array.from({ length: count }, (_, i) => group[Math.floor(i * group.length / count)])
      .filter((chosen) => chosen !== undefined);
  });
}

/** The cases that say something about several workers, with that many asked for. */
export function withWorkers(cases: readonly Case[], workers: string): Case[] {
  const telling = cases.filter(({ transcript }) =>
    transcript instanceof FormatError || WORKER_CATEGORIES.includes(transcript.category)
  );
  return withOption(telling, ["--workers", workers]);
}

/** All cases, with another engine asked for. */
export function withEngine(cases: readonly Case[], engine: string): Case[] {
  return withOption(cases, [`--engine=${engine}`]);
}

function withOption(cases: readonly Case[], option: readonly string[]): Case[] {
  return cases.map(({ name, transcript }): Case => {
    if (transcript instanceof FormatError) return { name, transcript };
    const changed = structuredClone(transcript);
    changed.argv = addOption(changed.argv, option);
    for (const instance of changed.setup.instances ?? []) {
      instance.argv = addOption(instance.argv, option);
    }
    for (const step of allSteps(changed)) {
      if (step.argv !== undefined) step.argv = addOption(step.argv, option);
    }
    return { name, transcript: changed };
  });
}

/** Instances only; a packet dump has one worker and the portable engine, and says so. */
function addOption(argv: string[], option: readonly string[]): string[] {
  const dumps = argv.some((word) => /^-[adfHM6]*p/.test(word));
  return identityOf(argv).starts && !dumps ? [...option, ...argv] : argv;
}

function allSteps({ setup, during, after }: Transcript): Step[] {
  return [...(setup.steps ?? []), ...(during ?? []), ...(after ?? [])];
}

/** Why this machine cannot play a case, or `undefined`. */
export function missing(transcript: Transcript): string | undefined {
  const lines = allSteps(transcript).flatMap(({ cmd, op }) => op === "sh" ? [cmd ?? ""] : []);
  if (lines.some((line) => /\bpython3\b/.test(line)) && !hasCommand("python3")) {
    return "a step of the transcript itself needs python3";
  }
  if (transcript.stdout_tty === true && !hasCommand("script")) return "no script(1)";
  const text = JSON.stringify([transcript.argv, transcript.setup, allSteps(transcript)]);
  if (/"-[a-zA-Z]*6|"::/.test(text) && !hasIPv6()) return "no IPv6";
  return undefined;
}

function hasCommand(name: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${name}`], stdout: "null" })
    .outputSync().success;
}

function hasIPv6(): boolean {
  try {
    return Deno.statSync("/proc/net/if_inet6").isFile;
  } catch {
    return false;
  }
}
