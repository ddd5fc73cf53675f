/**
 * What a command of the shell is: what it may look at, and what it may come to.
 *
 * @module
 */
import type { Destination } from "../../command_line/destination.ts";
import type { Endpoint } from "../../net/socket_address.ts";
import type { Services } from "../../net/services.ts";
import type { HealthView } from "../../report/health.ts";
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
  /** The address after a `resolve` outcome, with port 0; `null` if there is none, a text says why it cannot be used. */
  readonly resolved?: Endpoint | string | null;
}

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
}

/** A command that needs a destination's address first. */
export interface Resolve {
  /** Which outcome this is. */
  readonly kind: "resolve";
  /** What to look up. */
  readonly destination: Destination;
}

/** What a line came to. */
export type Outcome = Answer | Resolve;

/** One command of the shell. */
export interface Command {
  /** Its full name; any prefix that no earlier command has selects it. */
  readonly name: string;
  /** Operands as the help shows them. */
  readonly operands: string;
  /** What it does, for the help; commands that balance 3.54 does not have are not in its list and have none. */
  readonly summary?: string;
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
  rest: Partial<Pick<Answer, "group" | "then" | "assigned">> = {},
): Answer {
  return { kind: "answer", lines, changes, group: context.group, then: "stay", ...rest };
}
