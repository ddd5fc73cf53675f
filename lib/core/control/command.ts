/**
 * The shell's interpreter: an operator's line to an answer and decided writes.
 *
 * Pure: what must be looked up first (a host name) is asked for with a `resolve` outcome, and the same line is then
 * interpreted again with the result.
 *
 * @module
 */
import { atoi } from "../net/address.ts";
import { formatMrtg, formatShow, formatVersion, formatWorkers, type WorkerView } from "./report.ts";
import { destinationPort, type Services } from "../net/services.ts";
import {
  type Destination,
  MAX_CHANNELS,
  MAX_GROUPS,
  parseDestination,
} from "../command_line/spec.ts";
import { type Change } from "../table/change.ts";
import { slotOf, type Table } from "../table/layout.ts";
import { channelCount, groupType } from "../table/access.ts";
import { viewChannel, viewTable } from "../table/view.ts";

/** What a command may look at. */
export interface Context {
  /** The channel table, read only. */
  readonly table: Table;
  /** The session's current group. */
  readonly group: number;
  /** Names that may stand for a port. */
  readonly services: Services;
  /** The workers, for `workers`. */
  readonly workers: readonly WorkerView[];
  /** The looked-up host after a `resolve` outcome: its IPv4 address, or `null` if it has none. */
  readonly resolved?: number | null;
}

/** A command that was carried out or refused. */
export interface Answer {
  /** Which outcome this is. */
  readonly kind: "answer";
  /** Lines for the operator. */
  readonly lines: readonly string[];
  /** Writes to carry out, in order. */
  readonly changes: readonly Change[];
  /** The session's group from now on. */
  readonly group: number;
  /** What follows: the session goes on, it ends, or the instance ends. */
  readonly then: "stay" | "quit" | "kill";
}

/** A command that needs a host's address first. */
export interface Resolve {
  /** Which outcome this is. */
  readonly kind: "resolve";
  /** Name or address to look up. */
  readonly host: string;
}

/** What a line came to. */
export type Outcome = Answer | Resolve;

/** Does a command: the words behind its name to an outcome. */
export type Run = (words: readonly string[], context: Context) => Outcome;

/** One command of the shell. */
export interface Command {
  /** Its full name; any prefix that no earlier command has selects it. */
  readonly name: string;
  /** Operands as the help shows them. */
  readonly operands: string;
  /** What it does, for the help. */
  readonly summary: string;
  /** Does it: words behind the name to an outcome. */
  readonly run: Run;
}

const SYNTAX_ERROR = "syntax error";
const INT32_MAX = 0x7fffffff;

/** The commands in order of priority: the first that begins with the typed word is meant. */
export const COMMANDS: readonly Command[] = [
  { name: "quit", operands: "", summary: "quit interactive mode", run: runQuit },
  { name: "show", operands: "", summary: "show all channels in all groups", run: runShow },
  { name: "help", operands: "", summary: "prints this message", run: runHelp },
  { name: "?", operands: "", summary: "", run: runHelp },
  {
    name: "kill",
    operands: "",
    summary: "kills master process and quits interactive mode",
    run: runKill,
  },
  {
    name: "disable",
    operands: "<channel>",
    summary: "disables specified channel in current group",
    run: runDisable,
  },
  {
    name: "group",
    operands: "<group>",
    summary: "changes current group to <group>",
    run: runGroup,
  },
  {
    name: "reset",
    operands: "<channel>",
    summary: "reset all counters of channel in current group",
    run: runReset,
  },
  {
    name: "enable",
    operands: "<channel>",
    summary: "enables channel in current group",
    run: runEnable,
  },
  {
    name: "create",
    operands: "<host> <port>",
    summary: "creates a channel in the current group",
    run: runCreate,
  },
  {
    name: "assign",
    operands: "<channel> <host> <port>",
    summary: "reassigns a channel in the current group",
    run: runAssign,
  },
  {
    name: "maxc",
    operands: "<channel> <maxc>",
    summary: "specifies new maxc for channel of current group",
    run: runMaxc,
  },
  {
    name: "mrtg-bytes",
    operands: "<grp> <ch>",
    summary: "print bytes in/out in MRTG format",
    run: (words, context) => runMrtg(words, context, "bytes"),
  },
  {
    name: "mrtg-conns",
    operands: "<grp> <ch>",
    summary: "print total connections in MRTG format",
    run: (words, context) => runMrtg(words, context, "conns"),
  },
  { name: "version", operands: "", summary: "show version id", run: runVersion },
  {
    name: "hash",
    operands: "",
    summary: "sets distribution scheme of current group to Hash",
    run: runHash,
  },
  {
    name: "rr",
    operands: "",
    summary: "sets distribution scheme of current group to Round Robin",
    run: runRoundRobin,
  },
  { name: "workers", operands: "", summary: "", run: runWorkers },
];

/**
 * Interprets one line.
 *
 * Never throws; a line it refuses has no changes. Words are separated by blanks, tabs and line ends; surplus words are
 * ignored; a line without words has an empty answer.
 */
export function interpret(line: string, context: Context): Outcome {
  const [name, ...words] = line.split(/[ \t\r\n]+/).filter((word) => word !== "");
  if (name === undefined) return answer(context, []);
  const command = COMMANDS.find((each) => each.name.startsWith(name));
  return command === undefined ? answer(context, [SYNTAX_ERROR]) : command.run(words, context);
}

function answer(
  context: Context,
  lines: readonly string[],
  changes: readonly Change[] = [],
  rest: Partial<Pick<Answer, "group" | "then">> = {},
): Answer {
  return { kind: "answer", lines, changes, group: context.group, then: "stay", ...rest };
}

function runQuit(_words: readonly string[], context: Context): Outcome {
  return answer(context, [], [], { then: "quit" });
}

function runKill(_words: readonly string[], context: Context): Outcome {
  return answer(context, ["shutdown complete, exiting."], [], { then: "kill" });
}

function runShow(_words: readonly string[], context: Context): Outcome {
  const { table } = context;
  return answer(context, formatShow(viewTable(table), (group) => groupType(table, group)));
}

function runVersion(_words: readonly string[], context: Context): Outcome {
  return answer(context, formatVersion());
}

function runWorkers(_words: readonly string[], context: Context): Outcome {
  return answer(context, formatWorkers(context.workers));
}

/** The classic's list is kept to the byte, so newer commands (those without a summary) are not in it. */
function runHelp(_words: readonly string[], context: Context): Outcome {
  const listed = COMMANDS.filter(({ summary }) => summary !== "").toSorted((a, b) =>
    HELP_ORDER.indexOf(a.name) - HELP_ORDER.indexOf(b.name)
  );
  const lines = listed.map(({ name, operands, summary }) =>
    `  ${`${name} ${operands}`.padEnd(30)} ${summary}`
  );
  return answer(context, ["available commands:", ...lines]);
}

const HELP_ORDER =
  "create assign disable enable group hash help kill maxc mrtg-bytes mrtg-conns quit reset rr show version"
    .split(" ");

function runGroup(words: readonly string[], context: Context): Outcome {
  const [text] = words;
  if (text === undefined) return answer(context, [SYNTAX_ERROR]);
  const group = atoi(text);
  if (group < 0 || group >= MAX_GROUPS) return answer(context, ["value out of range"]);
  return answer(context, [], [], { group });
}

function runHash(_words: readonly string[], context: Context): Outcome {
  const { group } = context;
  return answer(context, [`group ${group} set to hash`], [{ kind: "type", group, type: "hash" }]);
}

function runRoundRobin(_words: readonly string[], context: Context): Outcome {
  const { group } = context;
  return answer(context, [`group ${group} set to round robin`], [
    { kind: "type", group, type: "round robin" },
  ]);
}

/** The slot of a channel of the current group, or `undefined` if there is none of that number. */
function findSlot(context: Context, channel: number): number | undefined {
  const exists = channel >= 0 && channel < channelCount(context.table, context.group);
  return exists ? slotOf(context.group, channel) : undefined;
}

function onChannel(
  words: readonly string[],
  context: Context,
  run: (channel: number, slot: number) => Outcome,
): Outcome {
  const [text] = words;
  if (text === undefined) return answer(context, [SYNTAX_ERROR]);
  const channel = atoi(text);
  const slot = findSlot(context, channel);
  if (slot === undefined) return answer(context, [`no such channel ${channel}`]);
  return run(channel, slot);
}

function setStatus(words: readonly string[], context: Context, enabled: boolean): Outcome {
  return onChannel(words, context, (channel, slot) => {
    const word = enabled ? "enabled" : "disabled";
    if (viewChannel(context.table, slot).enabled === enabled) {
      return answer(context, [`channel ${channel} already ${word}`]);
    }
    return answer(context, [`channel ${channel} ${word}`], [{ kind: "status", slot, enabled }]);
  });
}

function runDisable(words: readonly string[], context: Context): Outcome {
  return setStatus(words, context, false);
}

function runEnable(words: readonly string[], context: Context): Outcome {
  return setStatus(words, context, true);
}

function runReset(words: readonly string[], context: Context): Outcome {
  return onChannel(
    words,
    context,
    (channel, slot) =>
      answer(context, [`channel ${channel} counters reset`], [{ kind: "reset", slot }]),
  );
}

function runMaxc(words: readonly string[], context: Context): Outcome {
  const [text, limit] = words;
  if (text === undefined || limit === undefined) return answer(context, [SYNTAX_ERROR]);
  const channel = atoi(text);
  const slot = findSlot(context, channel);
  if (slot === undefined) return answer(context, ["unknown channel"]);
  const maxc = atoi(limit);
  if (Math.abs(maxc) > INT32_MAX) return answer(context, ["value out of range"]);
  return answer(context, [`maxc of channel ${channel} changed to ${maxc}`], [
    { kind: "maxc", slot, maxc },
  ]);
}

function runMrtg(words: readonly string[], context: Context, what: "bytes" | "conns"): Outcome {
  const [groupText, channelText] = words;
  if (groupText === undefined || channelText === undefined) return answer(context, [SYNTAX_ERROR]);
  const group = atoi(groupText);
  if (group < 0 || group >= MAX_GROUPS) return answer(context, ["unknown group"]);
  const slot = findSlot({ ...context, group }, atoi(channelText));
  if (slot === undefined) return answer(context, ["unknown channel"]);
  return answer(context, formatMrtg(viewChannel(context.table, slot), what));
}

function runCreate(words: readonly string[], context: Context): Outcome {
  const { group } = context;
  if (channelCount(context.table, group) >= MAX_CHANNELS) {
    return answer(context, ["no channel slots available"]);
  }
  return withDestination(
    words,
    context,
    ({ port }, address) =>
      answer(context, ["channel created"], [
        { kind: "create", group, address, port, maxc: 0, enabled: false },
      ]),
  );
}

function runAssign(words: readonly string[], context: Context): Outcome {
  const [text, ...rest] = words;
  if (text === undefined) return answer(context, [SYNTAX_ERROR]);
  const slot = findSlot(context, atoi(text));
  if (slot === undefined) return answer(context, ["unknown channel"]);
  if (viewChannel(context.table, slot).enabled) {
    return answer(context, ["channel must be disabled to assign new address"]);
  }
  return withDestination(
    rest,
    context,
    ({ port }, address) =>
      answer(context, ["channel reassigned"], [{ kind: "address", slot, address, port }]),
  );
}

/** Reads `<host> <port>`, where a port inside the host word wins, and has the host looked up. */
function withDestination(
  words: readonly string[],
  context: Context,
  run: (destination: Destination, address: number) => Outcome,
): Outcome {
  const [host, port] = words;
  if (host === undefined || port === undefined) return answer(context, [SYNTAX_ERROR]);
  const { services, resolved } = context;
  const destination = parseDestination(host, destinationPort(port, services), services);
  if (resolved === undefined) return { kind: "resolve", host: destination.host };
  if (resolved === null) return answer(context, ["invalid address"]);
  return run(destination, resolved);
}
