/**
 * The shell's interpreter: an operator's line to an answer and decided writes.
 *
 * Pure: what must be looked up first (a host name) is asked for with a `resolve` outcome, and the same line is then
 * interpreted again with the result.
 *
 * @module
 */
import {
  answer,
  type Command,
  type Context,
  type Outcome,
  SYNTAX_ERROR,
} from "./commands/command.ts";
import { ASSIGN, CREATE, MAXC, WEIGHT } from "./commands/destination.ts";
import { GROUP, HASH, METHOD, ROUND_ROBIN } from "./commands/group.ts";
import { HEALTH, MRTG_BYTES, MRTG_CONNS, SHOW, VERSION, WORKERS } from "./commands/report.ts";
import { CAUSES, CONNS, WATCH } from "./commands/connections.ts";
import { EXPLAIN } from "./commands/explain.ts";
import { SET } from "./commands/settings.ts";
import { SNAPSHOT } from "./commands/snapshot.ts";
import { CUT, DRAIN } from "./commands/ending.ts";
import { KILL, QUIT } from "./commands/session.ts";
import { DISABLE, ENABLE, RESET } from "./commands/status.ts";

const HELP: Command = {
  name: "help",
  operands: "",
  summary: "prints this message",
  run: (_words, context) => answer(context, formatCommands()),
};

/**
 * The commands in order of priority: the first that begins with the typed word is meant.
 *
 * Those of balance 3.54 come first and in its order, so that every abbreviation keeps its meaning.
 */
export const COMMANDS: readonly Command[] = [
  QUIT,
  SHOW,
  HELP,
  { name: "?", operands: "", run: HELP.run },
  KILL,
  DISABLE,
  GROUP,
  RESET,
  ENABLE,
  CREATE,
  ASSIGN,
  MAXC,
  MRTG_BYTES,
  MRTG_CONNS,
  VERSION,
  HASH,
  ROUND_ROBIN,
  WORKERS,
  METHOD,
  WEIGHT,
  HEALTH,
  DRAIN,
  CUT,
  CONNS,
  EXPLAIN,
  CAUSES,
  WATCH,
  SNAPSHOT,
  SET,
];

/**
 * Interprets one line.
 *
 * Never throws; a line it refuses has no changes. Words are separated by blanks, tabs and line ends; surplus words are
 * ignored; a line without words has an empty answer.
 */
export function interpret(line: string, context: Context): Outcome {
  const [name, ...words] = wordsOf(line);
  if (name === undefined) return answer(context, []);
  const command = commandOf(line);
  return command === undefined ? answer(context, [SYNTAX_ERROR]) : command.run(words, context);
}

/** The command that a line means; `undefined` if it means none. */
export function commandOf(line: string): Command | undefined {
  const [name] = wordsOf(line);
  return name === undefined ? undefined : COMMANDS.find((each) => each.name.startsWith(name));
}

function wordsOf(line: string): string[] {
  return line.split(/[ \t\r\n]+/).filter((word) => word !== "");
}

/** The list of `help`, to the byte as balance 3.54: its commands alone, `create` and then the others by name. */
function formatCommands(): string[] {
  const others = COMMANDS.filter((each) => each.summary !== undefined && each !== CREATE)
    .toSorted((a, b) => a.name < b.name ? -1 : 1);
  const lines = [CREATE, ...others].map(({ name, operands, summary }) =>
    `  ${`${name} ${operands}`.padEnd(30)} ${summary}`
  );
  return ["available commands:", ...lines];
}
