/**
 * Plays transcripts of the classic against a balance command:
 * `play.ts [--balance "CMD …"] [--only NAME] [--jobs N] [--sample]
 * [--workers N] [--engine NAME] [--reference] [--wanted FOLDER] [--verbose] [FOLDER]`.
 *
 * Exits 0 when nothing failed, 1 when something did, 64 for a wrong call.
 *
 * @module
 */
import { type Exception, readExceptions } from "./exceptions.ts";
import { FormatError } from "./fields.ts";
import { Worlds } from "./namespace.ts";
import { type Call, readCall } from "./call.ts";
import { type Case, missing, readSuite, sample, withEngine, withWorkers } from "./suite.ts";

/** How a case came out. `info`: a `fix` case held against the record. */
type Result = { kind: "passed" | "failed" | "skipped" | "info"; lines: string[] };

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  let call: Call;
  try {
    call = readCall(args);
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    return 64;
  }
  const cases = chooseCases(call);
  if (cases.length === 0) {
    print(`no case to play in ${call.folder}`);
    return 64;
  }
  const results = await playAll(call, cases);
  return summarize(results);
}

function chooseCases(call: Call): Case[] {
  let cases = readSuite(call.folder, call.reference ? undefined : call.wanted);
  if (call.only.length > 0) cases = cases.filter(({ name }) => call.only.includes(name));
  if (call.sample) cases = sample(cases);
  if (call.workers !== undefined) cases = withWorkers(cases, call.workers);
  return call.engine === undefined ? cases : withEngine(cases, call.engine);
}

async function playAll(call: Call, cases: readonly Case[]): Promise<Result[]> {
  const exceptions = call.reference ? [] : readExceptions();
  const rootless = Deno.uid() === 0 ? undefined : "namespaces need root";
  const worlds = rootless === undefined ? new Worlds(call.balance) : undefined;
  try {
    const obstacle = rootless ?? await worlds?.obstacle();
    const queue = cases.entries();
    const results: Result[] = [];
    const work = async (): Promise<void> => {
      for (const [i, one] of queue) {
        const result = await playOne(one, { call, exceptions, obstacle, worlds });
        results[i] = result;
        report(one.name, result, call.verbose);
      }
    };
    await Promise.all(Array.from({ length: call.jobs }, work));
    return results;
  } finally {
    worlds?.close();
  }
}

interface Stage {
  call: Call;
  exceptions: readonly Exception[];
  obstacle: string | undefined;
  worlds: Worlds | undefined;
}

async function playOne({ transcript }: Case, stage: Stage): Promise<Result> {
  const { call, exceptions, obstacle, worlds } = stage;
  if (transcript instanceof FormatError) return { kind: "failed", lines: [transcript.message] };
  const reason = obstacle ?? missing(transcript);
  if (reason !== undefined || worlds === undefined) {
    return { kind: "skipped", lines: [reason ?? "no namespaces"] };
  }
  const problems = await worlds.play({ transcript, exceptions: [...exceptions] });
  if (call.reference && transcript.disposition === "fix") return { kind: "info", lines: problems };
  return { kind: problems.length === 0 ? "passed" : "failed", lines: problems };
}

function report(name: string, { kind, lines }: Result, verbose: boolean): void {
  if (kind === "skipped") print(`SKIP ${name}: ${lines.join("; ")}`);
  if (kind === "info") print(`FIX  ${name}: ${lines[0] ?? "as recorded"}`);
  if (kind === "passed" && verbose) print(`ok   ${name}`);
  if (kind !== "failed") return;
  print(`FAIL ${name}`);
  for (const line of lines.slice(0, verbose ? undefined : 4)) print(`     ${line}`);
  if (lines.length > 4 && !verbose) print(`     and ${lines.length - 4} more`);
}

function summarize(results: readonly Result[]): number {
  const count = (kind: Result["kind"]): number =>
    results.filter((result) => result.kind === kind).length;
  const agree = results.filter(({ kind, lines }) => kind === "info" && lines.length === 0).length;
  if (count("info") > 0) {
    print(`${count("info")} fix cases for information: ${agree} as recorded`);
  }
  print(`${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`);
  return count("failed") === 0 ? 0 : 1;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
