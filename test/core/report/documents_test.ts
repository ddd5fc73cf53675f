/** `man/balance.schema.json` and the types of the documents say the same. */
import schema from "../../../man/balance.schema.json" with { type: "json" };
import type {
  CauseDocument,
  CausesDocument,
  ChannelDocument,
  ChannelHealthDocument,
  CheckDocument,
  ConnectionDocument,
  ConnectionsDocument,
  EndDocument,
  EngineName,
  EventDocument,
  GroupDocument,
  HealthDocument,
  Phase,
  QuantilesDocument,
  StateDocument,
  TotalsDocument,
  WorkerDocument,
} from "../../../lib/core/report/documents.ts";
import {
  CAUSES,
  MAX_CHANNELS,
  MAX_GROUPS,
  METHODS,
  OBSERVED,
  REFUSALS,
} from "../../../lib/core/table/schema.ts";
import { MAX_LISTED } from "../../../lib/core/report/live.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { makeState } from "../../kit/documents.ts";
import { faultsOf } from "../../kit/schema.ts";

type Definitions = typeof schema.$defs;

/** The types by their name in the schema. */
interface Types {
  readonly state: StateDocument;
  readonly worker: WorkerDocument;
  readonly totals: TotalsDocument;
  readonly quantiles: QuantilesDocument;
  readonly group: GroupDocument;
  readonly channel: ChannelDocument;
  readonly connectFailures: ChannelDocument["connectFailures"];
  readonly check: CheckDocument;
  readonly connections: ConnectionsDocument;
  readonly connection: ConnectionDocument;
  readonly causes: CausesDocument;
  readonly cause: CauseDocument;
  readonly end: EndDocument;
  readonly health: HealthDocument;
  readonly channelHealth: ChannelHealthDocument;
  readonly event: EventDocument;
}

/** What one of two types has and the other has not. */
type Differences<One, Other> = Exclude<One, Other> | Exclude<Other, One>;

/** For each type the keys that it and the schema do not share; no value fits if there are any. */
type Drift = {
  readonly [Name in keyof Types]: Differences<
    keyof Types[Name],
    keyof Definitions[Name]["properties"]
  >;
};

// This does not compile once a key is on one side only.
const drift: {
  readonly [Name in keyof Types]: [Drift[Name]] extends [never] ? "same" : Drift[Name];
} = {
  state: "same",
  worker: "same",
  totals: "same",
  quantiles: "same",
  group: "same",
  channel: "same",
  connectFailures: "same",
  check: "same",
  connections: "same",
  connection: "same",
  causes: "same",
  cause: "same",
  end: "same",
  health: "same",
  channelHealth: "same",
  event: "same",
};

/** All members of a union of words: the compiler wants each one, and no other. */
function words<Word extends string>(record: Record<Word, true>): string[] {
  return Object.keys(record).toSorted();
}

Deno.test("every object of the schema is one of the types, with the same keys", () => {
  const objects = Object.entries(schema.$defs).filter(([, each]) => "properties" in each);
  assertEquals(objects.map(([name]) => name).toSorted(), Object.keys(drift).toSorted());
});

Deno.test("every key is wanted and described, and no other one is taken; an event may be about no channel", () => {
  const optional = ["group", "channel", "name", "to"];
  for (const [name, each] of Object.entries(schema.$defs)) {
    assert(each.description !== "", name);
    if (!("properties" in each)) continue;
    const keys = Object.keys(each.properties);
    const wanted = name === "event" ? keys.filter((key) => !optional.includes(key)) : keys;
    assertEquals([name, each.required.toSorted()], [name, wanted.toSorted()]);
    assertEquals([name, each.additionalProperties], [name, false]);
    for (const [key, value] of Object.entries(each.properties)) {
      assert("description" in value || "$ref" in value, `${name}.${key}`);
    }
  }
});

Deno.test("words that may stand for something are those of the types", () => {
  const { state, event, worker, connection, group, cause, observed } = schema.$defs;
  const sorted = (list: readonly string[]): string[] => list.toSorted();
  assertEquals(sorted(observed.enum), sorted(OBSERVED));
  const { refusedClients } = schema.$defs.totals.properties;
  assertEquals(sorted(refusedClients.propertyNames.enum), sorted(REFUSALS));
  assertEquals(sorted(group.properties.method.enum), sorted(METHODS));
  assertEquals(sorted(cause.properties.cause.enum), sorted(CAUSES));
  assertEquals(
    sorted(state.properties.engine.enum),
    words<EngineName>({ deno: true, native: true }),
  );
  assertEquals(
    sorted(worker.properties.state.enum),
    words<WorkerDocument["state"]>({ running: true, restarting: true, stopped: true }),
  );
  assertEquals(
    sorted(connection.properties.phase.enum),
    words<Phase>({ queued: true, connecting: true, relaying: true, "half-closed": true }),
  );
  assertEquals(
    sorted(event.properties.kind.enum),
    words<EventDocument["kind"]>({ transition: true, operator: true, instance: true }),
  );
  assertEquals(
    sorted(event.properties.level.enum),
    words<EventDocument["level"]>({ info: true, notice: true, warning: true, error: true }),
  );
});

Deno.test("numbers have the bounds of the table", () => {
  const { groupNumber, channelNumber, state, group, health, connections } = schema.$defs;
  assertEquals([groupNumber.maximum, channelNumber.maximum], [MAX_GROUPS - 1, MAX_CHANNELS - 1]);
  assertEquals(state.properties.groups.maxItems, MAX_GROUPS);
  assertEquals(group.properties.channels.maxItems, MAX_CHANNELS);
  assertEquals(health.properties.channels.maxItems, MAX_GROUPS * MAX_CHANNELS);
  assertEquals(connections.properties.connections.maxItems, MAX_LISTED);
});

/** A value, and the same with one thing changed each: a key that lacks, another type, a key that nobody knows. */
function* spoiled(value: unknown): Generator<readonly [what: string, value: unknown]> {
  if (Array.isArray(value)) {
    yield ["no list", {}];
    for (const [at, each] of value.entries()) {
      for (const [what, other] of spoiled(each)) yield [`${at}.${what}`, value.with(at, other)];
    }
  } else if (typeof value === "object" && value !== null) {
    yield ["no object", []];
    yield ["a new key", { ...value, somethingNew: 1 }];
    for (const [key, each] of Object.entries(value)) {
      const others = Object.entries(value).filter(([name]) => name !== key);
      yield [`without ${key}`, Object.fromEntries(others)];
      for (const [what, other] of spoiled(each)) {
        yield [`${key}.${what}`, { ...value, [key]: other }];
      }
    }
  } else {
    yield ["an object", {}];
    yield ["another type", typeof value === "string" ? 1.5 : "x"];
  }
}

Deno.test("a document in which anything is missing, of another type or new is refused", () => {
  const check = { kind: "tcp", result: "connected", ms: 0.4, at: "2026-11-25T14:05:25.500Z" };
  const state = makeState([[{
    name: "web1",
    check,
    reason: "why",
    connectMs: { p50: 1, p99: 2.5 },
  }], [
    { name: "web2", state: "down" },
  ]], { started: check.at, now: check.at });
  const groups = state.groups.map((group) => ({
    ...group,
    channels: group.channels.map((channel) => ({ ...channel, since: check.at })),
  }));
  const document = { ...state, groups };
  assertEquals(faultsOf("state", document), []);
  // Where null stands anything of one more type may.
  const loose = /reason|connectMs\.p|check\.another/;
  let count = 0;
  for (const [what, value] of spoiled(document)) {
    count++;
    const accepted = faultsOf("state", value).length === 0;
    assert(!accepted || loose.test(what), what);
  }
  assert(count > 150, String(count));
});

Deno.test("an event names a channel as a whole or not at all", () => {
  const event = { at: "2026-11-25T14:05:25.500Z", kind: "operator", level: "notice", text: "x" };
  assertEquals(faultsOf("event", event), []);
  assertEquals(faultsOf("event", { ...event, group: 0, channel: 1, name: "web" }), []);
  assert(faultsOf("event", { ...event, group: 0 }).length > 0);
  assert(faultsOf("event", { ...event, channel: 0, name: "web" }).length > 0);
});
