/**
 * The program as a command: which one, as whom, to its end.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { GRANTS } from "../../lib/system/permissions.ts";
import { V8_OPTION } from "../../lib/system/v8_flags.ts";
import { binary, type Definition, type Need, needing } from "./needs.ts";
import { START_MS } from "./wait.ts";

// A program under test that asked for a newer Deno would open files and connections that are not its own.
Deno.env.set("DENO_NO_UPDATE_CHECK", "1");

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The compiled program. */
export const BINARY = `${ROOT}dist/balance`;

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

/** The environment variable that names another command to test, its words separated by blanks. */
const COMMAND_VARIABLE = "BALANCE_TEST_COMMAND";

/** The commands that a chosen set of tests runs with: source and compiled. */
export function commands(): readonly Command[] {
  const given = Deno.env.get(COMMAND_VARIABLE);
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

/** How to run a program. */
export interface ExecuteOptions {
  /** Text for stdin; closed at once without. */
  readonly stdin?: string;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory. */
  readonly cwd?: string;
  /** Longest time for it, in ms; it is killed then. */
  readonly limitMs?: number;
}

/** The engine that the tests run with (`BALANCE_ENGINE`); undefined is the program's default. */
export const ENGINE: string | undefined = Deno.env.get("BALANCE_ENGINE");
/** Whether that is the native one: what only one of the engines can do, tests expect of it alone. */
export const NATIVE: boolean = ENGINE === "native";

/** How to run the command under test. */
export interface RunOptions extends ExecuteOptions {
  /** `--engine`; {@link ENGINE} unless told. */
  readonly engine?: string;
  /** Which command; {@link defaultCommand} unless told. */
  readonly command?: Command;
  /** `--run-dir`; a fresh folder for an instance, none for {@link run}. */
  readonly runDir?: string;
  /** User id to run as. */
  readonly user?: number;
  /** Words in front of the command, for instance `prlimit --nofile=64`. */
  readonly wrapper?: readonly string[];
}

/** What a program that has ended left. */
export interface Execution {
  /** Exit code; 128 + number for a signal. */
  readonly code: number;
  /** Signal that ended it. */
  readonly signal: Deno.Signal | null;
  /** Everything it wrote. */
  readonly stdout: Uint8Array<ArrayBuffer>;
  /** Everything it wrote. */
  readonly stderr: string;
}

/** An {@link Execution}, all of it text. */
export type Result = Omit<Execution, "stdout"> & { readonly stdout: string };

/** A word of a command line. */
export type Word = string | number;

/** The words that make another program run as a user. */
export function asUser(user: number): string[] {
  return ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
}

/** The words of a command line, as another user if wanted. */
export function commandLine(args: readonly Word[], options: RunOptions = {}): string[] {
  const { command = defaultCommand(), user, runDir, wrapper = [] } = options;
  const become = user === undefined ? [] : asUser(user);
  const folder = runDir === undefined ? [] : [`--run-dir=${runDir}`];
  const engine = options.engine ?? (mayLoad(command) ? ENGINE : undefined);
  const choice = engine === undefined ? [] : [`--engine=${engine}`];
  return [...wrapper, ...become, ...command.words, ...folder, ...choice, ...args.map(String)];
}

/** Whether a command has the grant that the native engine needs: `deno run` must be given it, a compiled program has it. */
function mayLoad({ words }: Command): boolean {
  return words.includes("--allow-ffi") || !words.includes("run");
}

/** Words for a shell, each as it is. */
export function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

/** Spawns the command under test with all three streams as pipes. */
export function spawn(args: readonly Word[], options: RunOptions = {}): Deno.ChildProcess {
  return spawnWords(commandLine(args, options), options);
}

/** Runs the command under test to its end. */
export async function run(
  args: readonly Word[],
  options: RunOptions = {},
): Promise<Result> {
  const result = await execute(commandLine(args, options), options);
  return { ...result, stdout: new TextDecoder().decode(result.stdout) };
}

/**
 * Runs any program to its end.
 *
 * @throws If it takes longer than its limit.
 */
export async function execute(
  words: readonly string[],
  options: ExecuteOptions = {},
): Promise<Execution> {
  const child = spawnWords(words, options);
  const output = child.output();
  // A program that does not read its stdin has closed it before we write.
  const writing = new Blob([options.stdin ?? ""]).stream().pipeTo(child.stdin).catch(() => {});
  const killer = setTimeout(() => child.kill("SIGKILL"), options.limitMs ?? START_MS);
  const { code, signal, stdout, stderr } = await output;
  clearTimeout(killer);
  await writing;
  if (signal === "SIGKILL") throw new Error(`Took too long: ${words.join(" ")}`);
  return { code, signal, stdout, stderr: new TextDecoder().decode(stderr) };
}

function spawnWords(words: readonly string[], { env, cwd }: ExecuteOptions): Deno.ChildProcess {
  const [program = "", ...args] = words;
  return new Deno.Command(program, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(env === undefined ? {} : { env: { ...env } }),
    ...(cwd === undefined ? {} : { cwd }),
  }).spawn();
}
