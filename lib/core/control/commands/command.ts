/**
 * What a command of the shell is: what it may look at, and what it may come to.
 *
 * @module
 */
import type { Destination } from "../../command_line/destination.ts";
import type { Endpoint } from "../../net/socket_address.ts";
import type { Services } from "../../net/services.ts";
import type { LiveOptions } from "../../command_line/live_options.ts";
import type { StartedWith } from "../../command_line/snapshot.ts";
import type { AccessLists } from "../../edge/access.ts";
import type {
  CausesDocument,
  ConnectionsDocument,
  HealthDocument,
  StateDocument,
} from "../../report/documents.ts";
import type { HealthView } from "../../report/health.ts";
import type { CutTarget } from "../../report/live.ts";
import type { WorkerView } from "../../report/report.ts";
import type { Change } from "../../table/change.ts";
import type { Table } from "../../table/schema.ts";

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
  /** The health of all channels, for `health`. */
  readonly health?: readonly HealthView[];
  /** What decides about clients beside the table, for `explain`. */
  readonly rules?: ClientRules;
  /** What `need` outcomes have asked for so far. */
  readonly supplies?: Supplies;
  /** The address after a `resolve` outcome, with port 0; `null` if there is none, a text says why it cannot be used. */
  readonly resolved?: Endpoint | string | null;
}

/** What decides about a client beside the table. */
export interface ClientRules {
  /** `-H`. */
  readonly hashFailover: boolean;
  /** `--load-bound`. */
  readonly loadBound: number | undefined;
  /** `--when-down try`: whether channels that are not up are tried when none is. */
  readonly lastResort: boolean;
  /** `--allow` and `--deny`. */
  readonly lists: AccessLists;
}

/** What a command may need that takes more than a look at the table. */
export type Need =
  | { readonly kind: "state" }
  /** The connections that live, of a channel or all. */
  | { readonly kind: "connections"; readonly slot: number | undefined }
  /** How connections ended, of a channel or all. */
  | { readonly kind: "causes"; readonly slot: number | undefined }
  | { readonly kind: "health" }
  /** How the instance was started, and what was typed for its channels. */
  | { readonly kind: "start" }
  /** These connections ended. */
  | { readonly kind: "cut"; readonly target: CutTarget }
  /** Channels that follow the records of a name from now on. */
  | { readonly kind: "follow"; readonly wanted: Following }
  /** Options obeyed from now on, of which one was changed. */
  | { readonly kind: "configure"; readonly live: LiveOptions; readonly name: string };

/** A destination whose records are to be followed. */
export interface Following {
  /** The group of its channels. */
  readonly group: number;
  /** A `dns:` or `srv:` destination. */
  readonly destination: Destination;
  /** A disabled channel that becomes that of the first record, if there is one. */
  readonly adopted?: number | undefined;
}

/** What needs came to. */
export interface Supplies {
  /** See {@link Need}. */
  readonly state?: StateDocument;
  /** See {@link Need}. */
  readonly connections?: ConnectionsDocument;
  /** See {@link Need}. */
  readonly causes?: CausesDocument;
  /** See {@link Need}. */
  readonly health?: HealthDocument;
  /** See {@link Need}. */
  readonly start?: StartedWith;
  /** How many connections were ended. */
  readonly cut?: number;
  /** How many channels follow the records, or why none does. */
  readonly followed?: number | string;
  /** What became of the change of an option, in one line. */
  readonly configured?: string;
}

/** What goes on after an answer, until the client leaves or it is over. */
export type Follow =
  /** Events as they happen, after those of the past if they are wanted, as text or as JSON. */
  | { readonly kind: "watch"; readonly past: boolean; readonly json: boolean }
  /** Waits until a channel has no connection any more, or so many seconds are over. */
  | { readonly kind: "drain"; readonly slot: number; readonly seconds: number | undefined };

/** A channel that a command has given a destination. */
export interface Assignment {
  /** Its number over the whole table. */
  readonly slot: number;
  /** Where it leads from now on. */
  readonly destination: Destination;
}

/** A command that was carried out or refused. */
export interface Answer {
  /** Which outcome this is. */
  readonly kind: "answer";
  /** Lines for the operator. */
  readonly lines: readonly string[];
  /** Writes to carry out, in order. */
  readonly changes: readonly Change[];
  /** The channel whose destination the changes set, if there is one. */
  readonly assigned?: Assignment | undefined;
  /** The session's group from now on. */
  readonly group: number;
  /** What follows: the session goes on, it ends, or the instance ends. */
  readonly then: "stay" | "quit" | "kill";
  /** What goes on after the lines, if anything does. */
  readonly follow?: Follow | undefined;
  /** What a shell's command exits with; 0 unless given. */
  readonly status?: number | undefined;
}

/** A command that needs something first; the same line is interpreted again with it. */
export interface Needing {
  /** Which outcome this is. */
  readonly kind: "need";
  /** What it needs. */
  readonly need: Need;
}

/** A command that needs a destination's address first. */
export interface Resolve {
  /** Which outcome this is. */
  readonly kind: "resolve";
  /** What to look up. */
  readonly destination: Destination;
}

/** What a line came to. */
export type Outcome = Answer | Resolve | Needing;

/** One command of the shell. */
export interface Command {
  /** Its full name; any prefix that no earlier command has selects it. */
  readonly name: string;
  /** Operands as the help shows them. */
  readonly operands: string;
  /** What it does, for the help; commands that balance 3.54 does not have are not in its list and have none. */
  readonly summary?: string;
  /** Whether something goes on after its answer. */
  readonly follows?: true;
  /** Does it: the words behind the name to an outcome. */
  readonly run: (words: readonly string[], context: Context) => Outcome;
}

/** The answer to a line that is no command, or lacks an operand. */
export const SYNTAX_ERROR = "syntax error";

/** Makes an answer; without more it changes nothing and the session goes on. */
export function answer(
  context: Context,
  lines: readonly string[],
  changes: readonly Change[] = [],
  rest: Partial<Pick<Answer, "group" | "then" | "assigned" | "follow" | "status">> = {},
): Answer {
  return { kind: "answer", lines, changes, group: context.group, then: "stay", ...rest };
}
