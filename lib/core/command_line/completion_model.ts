/**
 * What can stand at a place of a command line, read from the tables of options and commands: the same for every shell.
 *
 * @module
 */
import { METHODS } from "../table/schema.ts";
import { OPTIONS, type OptionSpec } from "./options.ts";

/** A command of the shell, as far as completions know it. */
export interface CompletedCommand {
  /** Its full name. */
  readonly name: string;
  /** Operands as the help shows them. */
  readonly operands: string;
}

/** What can be typed at one place. */
export interface Suggestion {
  /** Words that may stand there. */
  readonly words: readonly string[];
  /** Whether several may, with commas between. */
  readonly several: boolean;
  /** Names of the file system that may stand there. */
  readonly files: "file" | "dir" | undefined;
  /** What of a running instance may stand there. */
  readonly live: "channel" | "group" | undefined;
}

/** An option as it is typed. */
export interface CompletedOption {
  /** Its letters, or its long name, without dashes. */
  readonly spellings: readonly string[];
  /** Whether the spellings are letters. */
  readonly letters: boolean;
  /** What it does. */
  readonly summary: string;
  /** What its value is called, for an option that has one. */
  readonly value: string | undefined;
  /** What its value may be, for an option that has one. */
  readonly suggestion: Suggestion | undefined;
}

const NOTHING: Suggestion = { words: [], several: false, files: undefined, live: undefined };

/** The option whose value is a command of the shell. */
export const COMMAND_OPTION: string = spellingOf("command");

/** The options that say which instance is meant, besides its port. */
export const INSTANCE_OPTIONS: Readonly<Record<"bind" | "runDir", string>> = {
  bind: spellingOf("bind"),
  runDir: spellingOf("run-dir"),
};

/** Every option that users have. */
export function completedOptions(): CompletedOption[] {
  return OPTIONS.flatMap((option) => {
    const { short, aliases = "", name, value, summary } = option;
    if (summary === undefined) return [];
    return {
      spellings: short === undefined ? [name] : [short, ...aliases],
      letters: short !== undefined,
      summary,
      value,
      suggestion: value === undefined ? undefined : suggestValue(value, option.words),
    };
  });
}

/** The commands whose names a shell takes as they are, in order of priority. */
export function completedCommands(commands: readonly CompletedCommand[]): CompletedCommand[] {
  return commands.filter(({ name }) => /^[a-z][a-z-]*$/.test(name));
}

/** What can stand at each operand of a command, in order. */
export function suggestOperands(operands: string): Suggestion[] {
  return operands.split(" ").filter((operand) => operand !== "").map((operand) => {
    const choices = operand.replace(/^\[(.*)\]$/, "$1").split("|");
    return {
      ...NOTHING,
      words: choices.flatMap((choice) => METHOD.test(choice) ? METHODS : literal(choice)),
      live: choices.some((choice) => CHANNEL.test(choice))
        ? "channel"
        : choices.some((choice) => GROUP.test(choice))
        ? "group"
        : undefined,
    };
  });
}

const CHANNEL = /^<(?:channel|ch)>$/;
const GROUP = /^<(?:group|grp)>$/;
const METHOD = /^<method>$/;

/** A choice is a word to be typed unless it stands for others: in brackets or with capitals. */
function literal(choice: string): string[] {
  return /^[a-z][a-z0-9-]*$/.test(choice) ? [choice] : [];
}

function suggestValue(value: string, words: OptionSpec["words"]): Suggestion {
  const choices = value.split("|");
  return {
    ...NOTHING,
    words: words ?? (choices.length > 1 ? choices.flatMap(literal) : []),
    several: value.endsWith(",..."),
    files: value === "file" || value === "dir" ? value : undefined,
  };
}

function spellingOf(wanted: string): string {
  const option = OPTIONS.find(({ name }) => name === wanted);
  return option?.short === undefined ? `--${wanted}` : `-${option.short}`;
}
