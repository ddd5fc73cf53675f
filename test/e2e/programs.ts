/**
 * The program as a command: which one, as whom, to its end.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { GRANTS } from "../../lib/system/permissions.ts";
import { V8_OPTION } from "../../lib/system/v8_flags.ts";
import { binary, type Definition, type Need, needing } from "../kit/needs.ts";
import { Output, within } from "./wait.ts";

// A program under test that asked for a newer Deno would open files and connections that are not its own.
Deno.env.set("DENO_NO_UPDATE_CHECK", "1");

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The compiled program. */
export const BINARY = `${ROOT}dist/balance`;
/** The user `nobody` and its group. */
export const NOBODY = 65534;

/** A command line to test. */
export interface Command {
  /** For the names of tests. */
  readonly name: string;
  /** Its words. */
  readonly words: readonly string[];
}

/** The program from source, with exactly the grants that it documents, as `deno task start` runs it. */
export const SOURCE: Command = {
  name: "source",
  words: [
    Deno.execPath(),
    "run",
    "--quiet",
    "--no-prompt",
    V8_OPTION,
    ...GRANTS.map(({ flag }) => flag),
    `${ROOT}main.ts`,
  ],
};

/** The compiled program. */
export const COMPILED: Command = { name: "compiled", words: [BINARY] };

/** The commands that a chosen set of tests runs with: source and compiled. */
export function commands(): readonly Command[] {
  const given = Deno.env.get("BALANCE_TEST_COMMAND");
  return given === undefined ? [SOURCE, COMPILED] : [{ name: given, words: given.split(/\s+/) }];
}

/** A test that runs with one of the {@link commands}, if it is there, and whatever else it needs. */
export function running(
  command: Command,
  name: string,
  needs: readonly Need[] = [],
): Definition {
  const compiled = command === COMPILED ? [binary()] : [];
  return needing([...compiled, ...needs], `${name} (${command.name})`);
}

/** The command that the other tests run with. */
export function defaultCommand(): Command {
  return commands()[0] ?? SOURCE;
}

/** How to run the command. */
export interface RunOptions {
  /** Which command; {@link defaultCommand} unless told. */
  readonly command?: Command;
  /** `--run-dir`; a fresh folder for an instance, none for {@link run}. */
  readonly runDir?: string;
  /** User id to run as. */
  readonly user?: number;
  /** Text for stdin; closed at once without. */
  readonly stdin?: string;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory. */
  readonly cwd?: string;
}

/** What a command that has ended left. */
export interface Result {
  /** Exit code; 128 + number for a signal. */
  readonly code: number;
  /** Signal that ended it. */
  readonly signal: Deno.Signal | null;
  /** Everything it wrote. */
  readonly stdout: string;
  /** Everything it wrote. */
  readonly stderr: string;
}

/** The words of a command line, as another user if wanted. */
export function commandLine(args: readonly Word[], options: RunOptions = {}): string[] {
  const { command = defaultCommand(), user, runDir } = options;
  const become = user === undefined
    ? []
    : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
  const place = runDir === undefined ? [] : [`--run-dir=${runDir}`];
  return [...become, ...command.words, ...place, ...args.map(String)];
}

/** A word of a command line. */
export type Word = string | number;

/** Spawns a command with all three streams as pipes. */
export function spawn(args: readonly Word[], options: RunOptions = {}): Deno.ChildProcess {
  const [program = "", ...words] = commandLine(args, options);
  const { env, cwd } = options;
  return new Deno.Command(program, {
    args: words,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(env === undefined ? {} : { env: { ...env } }),
    ...(cwd === undefined ? {} : { cwd }),
  }).spawn();
}

/** Runs a command to its end. */
export async function run(args: readonly Word[], options: RunOptions = {}): Promise<Result> {
  const child = spawn(args, options);
  const stdout = new Output(child.stdout);
  const stderr = new Output(child.stderr);
  const writer = child.stdin.getWriter();
  // A command that does not read its stdin has closed it before we write.
  await writer.write(new TextEncoder().encode(options.stdin ?? "")).catch(() => {});
  await writer.close().catch(() => {});
  const { code, signal } = await within(child.status, `the end of ${args.join(" ")}`);
  await Promise.all([stdout.ended, stderr.ended]);
  return { code, signal, stdout: stdout.text, stderr: stderr.text };
}

/** A temporary folder that is removed at the end, open to other users as the classic's run dir is. */
export class TempDir implements Disposable {
  /** Where it is. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "balance-test-" });

  constructor() {
    Deno.chmodSync(this.path, 0o1777);
  }

  /** Names of what is in it. */
  get names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name);
  }

  /** Removes it and all that is in it. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
