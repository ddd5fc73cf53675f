/**
 * `explain`: what would become of a client, without moving anything.
 *
 * The client is really given its channels, one after the other as if each connect failed, by the scheduler that serves
 * clients, in a copy of the table. So what is told is what would happen, whatever rules there are.
 *
 * @module
 */
import { decideAccess } from "../../edge/access.ts";
import { formatAddress } from "../../net/ip_address.ts";
import { formatEndpoint } from "../../net/socket_address.ts";
import { type Client, NOTHING, Scheduler } from "../../schedule/schedule.ts";
import { methodIn } from "../../schedule/methods.ts";
import { allHeld, effectiveWeight, epochOf, release } from "../../table/access.ts";
import { freeLocks } from "../../table/lock.ts";
import { ejectionPhase } from "../../table/ejection.ts";
import { groupOf, openTable, slotOf, type Table } from "../../table/schema.ts";
import { doubts, isSuspect } from "../../table/suspicion.ts";
import { type ChannelView, viewTable } from "../../table/view.ts";
import { formatTable } from "../../report/table.ts";
import { labelOf } from "./channel.ts";
import { answer, type ClientRules, type Command, type Context, SYNTAX_ERROR } from "./command.ts";
import { clientAddress } from "./ending.ts";

/** `explain` */
export const EXPLAIN: Command = {
  name: "explain",
  operands: "<address>",
  run: ([text], context) => {
    const address = text === undefined ? undefined : clientAddress(text);
    if (address === undefined) return answer(context, [SYNTAX_ERROR]);
    const { rules = NO_RULES } = context;
    const access = decideAccess(rules.lists, address);
    const client = formatAddress(address);
    if (access !== "allowed") return answer(context, [`client ${client}: refused, ${access}`]);
    return answer(context, explain(context, rules, client));
  },
};

const NO_RULES: ClientRules = {
  hashFailover: false,
  loadBound: undefined,
  lastResort: false,
  lists: { allow: undefined, deny: undefined },
};

/** The worker that makes the dry run; in a copy it is nobody's. */
const WORKER = 0;

function explain(context: Context, rules: ClientRules, address: string): string[] {
  const table = copyOf(context.table);
  const resort = rules.lastResort && allHeld(table);
  const order = orderOf(table, rules, { address, hashFailover: rules.hashFailover }, resort);
  const views = viewTable(context.table);
  const rows = views.map((view) => {
    const slot = slotOf(view.group, view.channel);
    const turn = order.indexOf(slot);
    return [
      `${methodIn(table, view.group).label}`,
      labelOf(context, slot),
      formatEndpoint(view.endpoint),
      turn < 0 ? `skipped: ${reasonOf(context.table, view, resort)}` : outcomeOf(turn) +
        (turn > 0 && isDoubted(context.table, slot) ? SUSPECT : ""),
    ];
  });
  return [
    `client ${address}` + (resort ? ": no channel is up, enabled ones are tried all the same" : ""),
    ...formatTable(rows, ["", "", "", ""]),
    ...(order.length === 0
      ? ["no channel is left: the client is closed, or waits in the queue"]
      : []),
  ];
}

const SUSPECT = ", as its check is late or has failed";

/** Whether a channel comes behind the others of its group because it is suspect. */
function isDoubted(table: Table, slot: number): boolean {
  return doubts(table, groupOf(slot)) && isSuspect(table, slot);
}

function outcomeOf(turn: number): string {
  return turn === 0 ? "taken" : turn === 1 ? "next, if that fails" : `then (${turn + 1})`;
}

function copyOf({ memory, workers }: Table): Table {
  const copy = memory.slice(0);
  const table = openTable(copy, workers, epochOf(openTable(copy, workers), WORKER));
  // Whoever holds a lock frees it in the original.
  for (let worker = 0; worker < workers; worker++) freeLocks(table, worker);
  return table;
}

/** The channels that a client would be given, one after the other. */
function orderOf(table: Table, rules: ClientRules, client: Client, resort: boolean): number[] {
  const scheduler = new Scheduler({
    table,
    worker: WORKER,
    // A draw that is the same each time.
    chance: () => 0.5,
    loadBound: rules.loadBound,
    hashed: undefined,
  });
  const order: number[] = [];
  let slot = scheduler.first(client, resort);
  while (slot !== NOTHING) {
    order.push(slot);
    release(table, WORKER, slot);
    slot = scheduler.next(client, slot, new Set(order), resort);
  }
  return order;
}

/** Why a channel is passed over: the first of all reasons that would do. */
function reasonOf(table: Table, view: ChannelView, resort: boolean): string {
  const slot = slotOf(view.group, view.channel);
  if (view.leaving) return "its record is gone";
  if (!view.enabled) return view.draining ? "draining" : "disabled";
  if (!resort && view.observed !== "up") {
    const onTrial = view.observed === "ejected" && ejectionPhase(table, slot) === "on trial";
    return onTrial ? "ejected, and another client has its trial" : view.observed;
  }
  if (view.maxc < 0) return `maxc ${view.maxc} admits nobody`;
  if (view.maxc > 0 && view.c >= view.maxc) return `full, ${view.c} of ${view.maxc}`;
  if (effectiveWeight(table, slot) === 0) return "weight 0";
  if (view.flags.backup) return "a backup, and others of its group can be had";
  const { label } = methodIn(table, groupOf(slot));
  return label === "Hash" ? "the hash names another channel" : "the method passes it over";
}
