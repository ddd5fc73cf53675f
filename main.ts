/**
 * balance: a TCP load balancer with failover.
 *
 * The process: options to an instance or to a control client; the one place that prints a failure and exits.
 *
 * @module
 */
import { COMMANDS } from "./lib/core/control/interpreter.ts";
import { EXIT, ExitError, UsageError } from "./lib/core/errors.ts";
import { expandFiles } from "./lib/core/command_line/files.ts";
import { formatCompletions } from "./lib/core/command_line/completions.ts";
import { formatHelp, USAGE } from "./lib/core/command_line/help.ts";
import { type Options, parseOptions } from "./lib/core/command_line/options.ts";
import { CLASSIC_VERSION } from "./lib/core/report/report.ts";
import { parsePort } from "./lib/core/command_line/spec.ts";
import { formatJson, printable } from "./lib/core/text.ts";
import {
  canDetach,
  isBackgroundChild,
  startInBackground,
  type StartReport,
} from "./lib/instance/background.ts";
import { activationError, passedSocket } from "./lib/instance/activation.ts";
import { giveUpLibraries } from "./lib/instance/engine_choice.ts";
import { readWordsFile } from "./lib/instance/words_file.ts";
import { writeText } from "./lib/system/lines.ts";
import { granted, userId, variable } from "./lib/system/permissions.ts";
import { openServices } from "./lib/backends/resolve.ts";
import { lstat, runDirs, socketPath } from "./lib/control/run_dir.ts";
import type { StartOutput } from "./lib/instance/start.ts";
import { serve } from "./lib/instance/run.ts";
import { tryChannels } from "./lib/instance/try.ts";
import { findInstances } from "./lib/control/list.ts";
import { formatList, formatRunning, listDocument } from "./lib/core/report/list.ts";
import { runCommand, runInteractive } from "./lib/control/shell.ts";
import config from "./deno.json" with { type: "json" };

/**
 * Runs the program.
 *
 * @param args The command line behind the program's name.
 * @returns Exit code.
 */
async function main(args: readonly string[]): Promise<number> {
  try {
    const posix = variable("POSIXLY_CORRECT") !== undefined;
    // The half that waits has read the files: read once more they could say something else, or nothing.
    const expanded = isBackgroundChild(args) ? args : expandFiles(args, posix, readWordsFile);
    return await dispatch(parseOptions(expanded, posix), expanded);
  } catch (error) {
    const report = describe(error);
    await print(report);
    return report.code;
  }
}

async function dispatch(options: Options, args: readonly string[]): Promise<number> {
  // Only a start that may take the native engine has any use for it.
  if (options.mode !== "serve" || options.engine === "deno") giveUpLibraries();
  switch (options.mode) {
    case "help":
      await writeText(Deno.stdout, `${formatHelp(COMMANDS.map(({ name }) => name))}\n`);
      return EXIT.ok;
    case "version":
      await writeText(
        Deno.stdout,
        `balance ${config.version} (behaves as balance ${CLASSIC_VERSION})\n`,
      );
      return EXIT.ok;
    case "completions":
      await writeText(Deno.stdout, formatCompletions(options.completions ?? "bash", COMMANDS));
      return EXIT.ok;
    case "command":
    case "interactive":
    case "top":
      return await control(options);
    case "list":
      return await list(options);
    case "try":
      return await tryOut(options);
    case "serve":
      return await start(options, args);
  }
}

async function start(options: Options, args: readonly string[]): Promise<number> {
  if (options.backgroundChild) return await serveInBackground(options);
  if (options.foreground || !canDetach()) {
    return await serve({ ...options, foreground: true }, new DirectOutput(), config.version);
  }
  if (passedSocket() !== undefined) {
    throw activationError("it does not come along to the background: it needs -f");
  }
  const report = await startInBackground(args, new URL(import.meta.url));
  await print(report);
  return report.code;
}

/** The background half of a start: whatever it comes to is reported to the half that waits. */
async function serveInBackground(options: Options): Promise<number> {
  const output = new ReportedOutput();
  try {
    return await serve(options, output, config.version);
  } catch (error) {
    const report = describe(error);
    await output.send(report);
    return report.code;
  }
}

async function tryOut(options: Options): Promise<number> {
  const { lines, ok } = await tryChannels(options);
  await writeText(Deno.stdout, lines.map((line) => `${line}\n`).join(""));
  return ok ? EXIT.ok : EXIT.unavailable;
}

async function list(options: Options): Promise<number> {
  const instances = await findInstances(options.runDir, operatorId(options));
  const lines = options.json ? [formatJson(listDocument(instances))] : formatList(instances);
  if (options.json || instances.length > 0) {
    await writeText(Deno.stdout, lines.map((line) => `${line}\n`).join(""));
  }
  return instances.length > 0 ? EXIT.ok : EXIT.unavailable;
}

/** The user that asks, who may look into the folders of control sockets. */
function operatorId({ runDir }: Options): number {
  const uid = userId();
  // A folder that may not be looked into would be asked for, on a terminal.
  if (uid !== undefined && [...runDirs(runDir, uid)].every(mayReadAndWrite)) return uid;
  throw new ExitError(EXIT.os, "balance: control needs --allow-read --allow-write --allow-sys");
}

async function control(options: Options): Promise<number> {
  try {
    return await converse(options);
  } catch (error) {
    if (!(error instanceof ExitError) || error.code !== EXIT.unavailable) throw error;
    // It is for a person only, and takes time.
    const others = Deno.stderr.isTerminal()
      ? formatRunning(await findInstances(options.runDir, operatorId(options)))
      : undefined;
    throw new ExitError(error.code, error.message, error.stream, others);
  }
}

async function converse(options: Options): Promise<number> {
  const port = parsePort(options.port, openServices()).number;
  const uid = operatorId(options);
  const { bind, runDir } = options;
  if (options.debug) await traceControl(options, port, uid);
  const instance = { port, bind, runDir, uid };
  if (options.mode === "top") {
    const { runTop } = await import("./lib/control/top.ts");
    return await runTop(instance);
  }
  if (options.mode === "command") return await runCommand(instance, options.command);
  await runInteractive(instance);
  return EXIT.ok;
}

function mayReadAndWrite(path: string): boolean {
  return granted({ name: "read", path }) && granted({ name: "write", path });
}

async function traceControl({ bind, runDir }: Options, port: number, uid: number): Promise<void> {
  await writeText(Deno.stdout, `argv[0]=balance\nbindhost=${printable(bind ?? "NULL")}\n`);
  const paths = [...runDirs(runDir, uid)].map((dir) => socketPath(dir, port, bind));
  const path = paths.find((each) => lstat(each) !== undefined);
  const file = path === undefined ? "no file" : `file ${printable(path)} already exists`;
  await writeText(Deno.stderr, `source port ${port}\n${file}\n`);
}

/** What a failure prints, and the exit code. */
function describe(error: unknown): StartReport {
  if (error instanceof ExitError) {
    const hint = error.hint !== "" && Deno.stderr.isTerminal() ? `${error.hint}\n` : "";
    const { code, stream, message } = error;
    if (error instanceof UsageError) {
      const complaint = message === "" ? hint : `${message}\n`;
      return { code, stdout: "", stderr: `${complaint}${USAGE}\n` };
    }
    if (stream === "stdout") return { code, stdout: `${message}\n`, stderr: hint };
    return { code, stdout: "", stderr: `${message}\n${hint}` };
  }
  // Whoever read our output has gone: that ends a pipeline, quietly.
  if (error instanceof Deno.errors.BrokenPipe) return { code: EXIT.ok, stdout: "", stderr: "" };
  const why = error instanceof Error ? error.message : String(error);
  return { code: EXIT.software, stdout: "", stderr: `balance: ${printable(why)}\n` };
}

async function print({ stdout, stderr }: StartReport): Promise<void> {
  for (const [stream, text] of [[Deno.stdout, stdout], [Deno.stderr, stderr]] as const) {
    try {
      await writeText(stream, text);
    } catch {
      // Nobody reads.
    }
  }
}

/** A foreground start speaks at once. */
class DirectOutput implements StartOutput {
  out(line: string): void {
    write(Deno.stdout, line);
  }

  err(line: string): void {
    write(Deno.stderr, line);
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }
}

/** A background start collects its words for the report. */
class ReportedOutput implements StartOutput {
  #stdout = "";
  #stderr = "";

  out(line: string): void {
    this.#stdout += `${line}\n`;
  }

  err(line: string): void {
    this.#stderr += `${line}\n`;
  }

  ready(): Promise<void> {
    return this.send({ code: EXIT.ok, stdout: "", stderr: "" });
  }

  /** Sends the report: what was said so far, then what the start came to. */
  async send({ code, stdout, stderr }: StartReport): Promise<void> {
    const report = { code, stdout: this.#stdout + stdout, stderr: this.#stderr + stderr };
    try {
      await writeText(Deno.stdout, `${JSON.stringify(report)}\n`);
    } catch {
      // Whoever started us is gone; the instance runs all the same.
    }
  }
}

function write(stream: { writeSync(bytes: Uint8Array): number }, line: string): void {
  try {
    stream.writeSync(new TextEncoder().encode(`${line}\n`));
  } catch {
    // Nobody reads.
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
