import {
  Attempt,
  type AttemptRules,
  type Lease,
  type Step,
} from "../../../lib/core/session/attempt.ts";
import type { ConnectFailure } from "../../../lib/core/session/cause.ts";
import { releaseAll } from "../../../lib/core/table/access.ts";
import { apply } from "../../../lib/core/table/change.ts";
import { EndpointReader } from "../../../lib/core/table/endpoint.ts";
import { channelOf, groupOf, type Table } from "../../../lib/core/table/schema.ts";
import { viewTable } from "../../../lib/core/table/view.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeScheduler } from "../../kit/make_scheduler.ts";
import { ipv4Place, makeTable, setEnabled } from "../../kit/make_table.ts";

function rulesFor(table: Table, options: Partial<AttemptRules> = {}): AttemptRules {
  return {
    table,
    worker: 0,
    scheduler: makeScheduler(table),
    endpoints: new EndpointReader(table),
    autodisable: false,
    observer: {},
    ...options,
  };
}

function attemptOn(table: Table, options: Partial<AttemptRules> = {}): Attempt {
  return new Attempt(rulesFor(table, options), { address: "192.0.2.1", hashFailover: false });
}

function shown(step: Step): string {
  if (step.kind === "refuse") return "refuse";
  const { slot } = step.lease;
  return `${step.kind} ${groupOf(slot)}.${channelOf(slot)}`;
}

/** Connections now and ever, of every channel. */
function counts(table: Table): string {
  return viewTable(table).map(({ c, totalc }) => `${c}/${totalc}`).join(" ");
}

interface Scenario {
  readonly name: string;
  /** Operands. */
  readonly table: string;
  /** Channels that are disabled before. */
  readonly disabled?: readonly string[];
  /** What each connect comes to. */
  readonly fails: readonly ConnectFailure[];
  /** Every step, the first one included. */
  readonly steps: string;
  /** `c/totalc` of every channel afterwards. */
  readonly counts: string;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: "takes a turn and counts it",
    table: "10.0.0.1 10.0.0.2",
    fails: [],
    steps: "try 0.0",
    counts: "1/1 0/0",
  },
  {
    name: "goes on with the siblings, each once, and then the next group",
    table: "10.0.0.1 10.0.0.2 ! 10.0.0.3",
    fails: ["refused", "timeout"],
    steps: "try 0.0, try 0.1, try 1.0",
    counts: "0/1 0/1 1/1",
  },
  {
    name: "refuses the client when everything has failed, and holds nothing",
    table: "10.0.0.1 10.0.0.2",
    fails: ["refused", "refused"],
    steps: "try 0.0, try 0.1, refuse",
    counts: "0/1 0/1",
  },
  {
    name: "refuses at once when nothing is usable",
    table: "10.0.0.1",
    disabled: ["0.0"],
    fails: [],
    steps: "refuse",
    counts: "0/0",
  },
  {
    name: "keeps its lease while this machine is out of descriptors",
    table: "10.0.0.1 10.0.0.2",
    fails: ["exhausted", "exhausted"],
    steps: "try 0.0, wait 0.0, wait 0.0",
    counts: "1/1 0/0",
  },
];

for (const scenario of SCENARIOS) {
  Deno.test(`an attempt ${scenario.name}`, () => {
    const table = makeTable(scenario.table);
    setEnabled(table, false, ...scenario.disabled ?? []);
    const attempt = attemptOn(table);
    const steps = [attempt.begin()];
    for (const failure of scenario.fails) steps.push(attempt.failed(failure, true));
    assertEquals(steps.map(shown).join(", "), scenario.steps);
    assertEquals(counts(table), scenario.counts);
  });
}

Deno.test("an attempt whose patience is over goes on without its channel being blamed", () => {
  const table = makeTable("10.0.0.1 10.0.0.2");
  const attempt = attemptOn(table, { autodisable: true });
  attempt.begin();
  assertEquals(shown(attempt.failed("exhausted", false)), "try 0.1");
  assertEquals(viewTable(table).map(({ enabled }) => enabled), [true, true]);
});

Deno.test("an attempt with -a disables the channel that failed, and tells it once", () => {
  const table = makeTable("10.0.0.1 10.0.0.2");
  const disabled: number[] = [];
  const observer = { disabled: ({ slot }: Lease) => disabled.push(slot) };
  const rules = rulesFor(table, { autodisable: true, observer });
  const client = { address: "::1", hashFailover: false };
  const [one, two] = [new Attempt(rules, client), new Attempt(rules, client)];
  setEnabled(table, false, "0.1");
  assertEquals([shown(one.begin()), shown(two.begin())], ["try 0.0", "try 0.0"]);
  for (const attempt of [one, two]) attempt.failed("refused", true);
  assertEquals(disabled, [0]);
  assertEquals(viewTable(table).map(({ enabled }) => enabled), [false, false]);
});

Deno.test("an attempt that connects after a failover moves the turn behind its channel", () => {
  const table = makeTable("10.0.0.1 10.0.0.2 10.0.0.3");
  const attempt = attemptOn(table);
  attempt.begin();
  attempt.failed("refused", true);
  attempt.connected();
  assertEquals(shown(attemptOn(table).begin()), "try 0.2");
});

Deno.test("an attempt that connects at once leaves the turn where it is", () => {
  const table = makeTable("10.0.0.1 10.0.0.2 10.0.0.3");
  const [one, two] = [attemptOn(table), attemptOn(table)];
  one.begin();
  two.begin();
  one.connected();
  assertEquals(shown(attemptOn(table).begin()), "try 0.2");
});

Deno.test("a lease keeps its endpoint when its channel gets another address", () => {
  const table = makeTable("10.0.0.1:81");
  const attempt = attemptOn(table);
  attempt.begin();
  apply(table, [{ kind: "address", slot: 0, place: ipv4Place(0x0a000009, 99) }]);
  assertEquals(attempt.lease?.endpoint, { family: "ipv4", address: 0x0a000001, port: 81 });
});

Deno.test("an attempt of a thread whose worker was given up is refused", () => {
  const table = makeTable("10.0.0.1");
  releaseAll(table, 0);
  assertEquals(shown(attemptOn(table).begin()), "refuse");
});

Deno.test("an attempt with -a spares a channel that has got another server meanwhile", () => {
  const table = makeTable("10.0.0.1");
  const attempt = attemptOn(table, { autodisable: true });
  attempt.begin();
  apply(table, [{ kind: "address", slot: 0, place: ipv4Place(0x0a000002, 80) }]);
  assertEquals(shown(attempt.failed("refused", false)), "refuse");
  assertEquals(viewTable(table).map(({ enabled }) => enabled), [true]);
});

Deno.test("an attempt that has ended gives its lease back, once", () => {
  const table = makeTable("10.0.0.1");
  const attempt = attemptOn(table);
  attempt.begin();
  attempt.ended();
  attempt.ended();
  assertEquals([counts(table), attempt.lease], ["0/1", undefined]);
});
