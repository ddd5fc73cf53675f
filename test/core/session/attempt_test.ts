import {
  Attempt,
  type AttemptRules,
  type Ending,
  type Lease,
  type Step,
} from "../../../lib/core/session/attempt.ts";
import type { ConnectFailure } from "../../../lib/core/session/cause.ts";
import { claim, releaseAll } from "../../../lib/core/table/access.ts";
import { apply } from "../../../lib/core/table/change.ts";
import { ejectionPhase, failuresInARow, offerTrial } from "../../../lib/core/table/ejection.ts";
import { EndpointReader } from "../../../lib/core/table/endpoint.ts";
import { channelOf, groupOf, type Table } from "../../../lib/core/table/schema.ts";
import { viewTable } from "../../../lib/core/table/view.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeScheduler } from "../../kit/make_scheduler.ts";
import { ipv4Place, makeTable, setEnabled, slotNamed } from "../../kit/make_table.ts";

function rulesFor(table: Table, options: Partial<AttemptRules> = {}): AttemptRules {
  return {
    table,
    worker: 0,
    scheduler: makeScheduler(table),
    endpoints: new EndpointReader(table),
    autodisable: false,
    ejectAfter: 0,
    lastResort: false,
    observer: {},
    ...options,
  };
}

function attemptOn(table: Table, options: Partial<AttemptRules> = {}): Attempt {
  return new Attempt(rulesFor(table, options), { address: "192.0.2.1", hashFailover: false });
}

function shown(step: Step): string {
  if (step.kind === "refuse") return "refuse";
  if (step.kind === "queue") return "queue";
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
  attempt.connected(1);
  assertEquals(shown(attemptOn(table).begin()), "try 0.2");
});

Deno.test("an attempt that connects at once leaves the turn where it is", () => {
  const table = makeTable("10.0.0.1 10.0.0.2 10.0.0.3");
  const [one, two] = [attemptOn(table), attemptOn(table)];
  one.begin();
  two.begin();
  one.connected(1);
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

const SERVED: Ending = { cause: "client closed", received: 10, ageMs: 5 };
const DROPPED: Ending = { cause: "server closed", received: 0, ageMs: 5 };

/** What a client's connection comes to on a table of one channel. */
type Fate = ConnectFailure | Ending | "proven" | "ended from here";

interface Verdict {
  readonly name: string;
  readonly fate: Fate;
  /** Failures in a row afterwards, if there was one before. */
  readonly failures: number;
}

const VERDICTS: readonly Verdict[] = [
  { name: "a refused connect is a failure", fate: "refused", failures: 2 },
  { name: "a connect that timed out is a failure", fate: "timeout", failures: 2 },
  { name: "this machine's want of descriptors is none", fate: "exhausted", failures: 1 },
  { name: "a server that closes at once without a byte has failed", fate: DROPPED, failures: 2 },
  {
    name: "a server that closes at once after a byte has served",
    fate: { ...DROPPED, received: 1 },
    failures: 0,
  },
  {
    name: "a server that closes without a byte after a second has served",
    fate: { ...DROPPED, ageMs: 1000 },
    failures: 0,
  },
  { name: "an answer is a success", fate: SERVED, failures: 0 },
  {
    name: "a client that leaves at once proves nothing",
    fate: { ...SERVED, received: 0 },
    failures: 1,
  },
  {
    name: "a connection that is ended from here proves nothing",
    fate: "ended from here",
    failures: 1,
  },
  { name: "a connection that has proven itself is a success", fate: "proven", failures: 0 },
];

function meet(attempt: Attempt, fate: Fate): void {
  if (fate === "refused" || fate === "timeout" || fate === "exhausted") {
    attempt.failed(fate, false);
    return attempt.ended();
  }
  attempt.connected(1);
  if (fate === "proven") attempt.proven();
  attempt.ended(typeof fate === "string" ? undefined : fate);
}

function send(table: Table, fates: readonly Fate[], options: Partial<AttemptRules> = {}): Step[] {
  return fates.map((fate) => {
    const attempt = attemptOn(table, options);
    const step = attempt.begin();
    meet(attempt, fate);
    return step;
  });
}

for (const { name, fate, failures } of VERDICTS) {
  Deno.test(`--eject: ${name}`, () => {
    const table = makeTable("10.0.0.1");
    send(table, ["refused", fate], { ejectAfter: 9 });
    assertEquals(failuresInARow(table, 0), failures);
  });
}

for (const ending of [DROPPED, SERVED, { ...SERVED, ageMs: 60_000 }]) {
  const text = JSON.stringify(ending);
  Deno.test(`--eject: an end after the connection has proven itself does not count: ${text}`, () => {
    const table = makeTable("10.0.0.1");
    const attempt = attemptOn(table, { ejectAfter: 9 });
    attempt.begin();
    attempt.connected(1);
    attempt.proven();
    send(table, ["refused"], { ejectAfter: 9 });
    attempt.ended(ending);
    assertEquals(failuresInARow(table, 0), 1);
  });
}

Deno.test("--eject: without it nothing is counted", () => {
  const table = makeTable("10.0.0.1");
  send(table, ["refused", DROPPED]);
  assertEquals(failuresInARow(table, 0), 0);
});

Deno.test("--eject: the Nth failure in a row ejects at once, told once, and the next client goes elsewhere", () => {
  const table = makeTable("10.0.0.1 10.0.0.2");
  const told: string[] = [];
  const observer = {
    found: (slot: number, finding: string, reason: string) =>
      told.push(`${slot} ${finding}: ${reason}`),
  };
  const options = { ejectAfter: 2, observer };
  const one = attemptOn(table, options);
  const two = attemptOn(table, options);
  const three = attemptOn(table, options);
  setEnabled(table, false, "0.1");
  for (const attempt of [one, two, three]) attempt.begin();
  setEnabled(table, true, "0.1");
  one.failed("refused", false);
  two.failed("timeout", false);
  three.failed("refused", false);
  assertEquals(told, ["0 ejected: timed out"]);
  const steps = send(table, [SERVED, SERVED], options);
  assertEquals(steps.map(shown), ["try 0.1", "try 0.1"]);
});

interface Trial {
  readonly name: string;
  readonly fate: Fate;
  readonly told: string;
  readonly phase: string;
}

const TRIALS: readonly Trial[] = [
  { name: "fails", fate: "refused", told: "trial failed: refused", phase: "waiting" },
  {
    name: "is dropped",
    fate: DROPPED,
    told: "trial failed: closed without a byte",
    phase: "waiting",
  },
  { name: "is served", fate: SERVED, told: "returned: a client was served", phase: "in service" },
  {
    name: "proves itself",
    fate: "proven",
    told: "returned: a client was served",
    phase: "in service",
  },
  { name: "leaves", fate: { ...SERVED, received: 0 }, told: "", phase: "trial due" },
  { name: "is ended from here", fate: "ended from here", told: "", phase: "trial due" },
  { name: "meets want of descriptors", fate: "exhausted", told: "", phase: "trial due" },
];

for (const { name, fate, told, phase } of TRIALS) {
  Deno.test(`--eject: after a trial that ${name} the channel is ${phase}`, () => {
    const table = makeTable("10.0.0.1");
    send(table, ["refused"], { ejectAfter: 1 });
    offerTrial(table, 0);
    const heard: string[] = [];
    const observer = {
      found: (_slot: number, finding: string, reason: string) =>
        heard.push(`${finding}: ${reason}`),
    };
    send(table, [fate], { ejectAfter: 1, observer });
    assertEquals([heard.join(), ejectionPhase(table, 0)], [told, phase]);
  });
}

Deno.test("--eject: while one client is on trial the others go elsewhere", () => {
  const table = makeTable("10.0.0.1 10.0.0.2", 2);
  const options = { ejectAfter: 1 };
  send(table, ["refused"], options);
  offerTrial(table, 0);
  apply(table, [{ kind: "maxc", slot: 1, maxc: 3 }]);
  const steps = [0, 1, 0, 1].map((worker) => attemptOn(table, { ...options, worker }).begin());
  const given = steps.map(shown).toSorted();
  assertEquals(given, ["try 0.0", "try 0.1", "try 0.1", "try 0.1"]);
});

Deno.test("the last resort: with nothing up, enabled channels are tried as if they were, in turn", () => {
  const table = makeTable("10.0.0.1 10.0.0.2 10.0.0.3 ! 10.0.0.4");
  for (const name of ["0.0", "0.1", "0.2", "1.0"]) {
    apply(table, [{ kind: "observed", slot: slotNamed(name), observed: "down" }]);
  }
  setEnabled(table, false, "0.1");
  let told = 0;
  const options = { lastResort: true, observer: { lastResort: () => told++ } };
  assertEquals(send(table, [SERVED, SERVED, SERVED], options).map(shown), [
    "try 0.0",
    "try 0.2",
    "try 0.0",
  ]);
  assertEquals(told, 3);
  const attempt = attemptOn(table, options);
  const steps = [
    attempt.begin(),
    attempt.failed("refused", false),
    attempt.failed("refused", false),
  ];
  assertEquals(steps.map(shown), ["try 0.2", "try 0.0", "try 1.0"]);
  assertEquals(shown(attemptOn(table).begin()), "refuse");
});

Deno.test("the last resort: a hash group gives the channel that the client has when all is well", () => {
  const table = makeTable("10.0.0.1 10.0.0.2 10.0.0.3 %");
  const usual = shown(attemptOn(table).begin());
  for (const slot of [0, 1, 2]) apply(table, [{ kind: "observed", slot, observed: "down" }]);
  assertEquals(shown(attemptOn(table, { lastResort: true }).begin()), usual);
});

Deno.test("the last resort is none while a channel is up, be it full", () => {
  const table = makeTable("10.0.0.1 10.0.0.2::1");
  apply(table, [{ kind: "observed", slot: 0, observed: "down" }]);
  const steps = [1, 2].map(() => attemptOn(table, { lastResort: true }).begin());
  assertEquals(steps.map(shown), ["try 0.1", "refuse"]);
});

Deno.test("the last resort: a client of a channel that is waiting brings it back by being served", () => {
  const table = makeTable("10.0.0.1");
  const options = { ejectAfter: 1, lastResort: true };
  send(table, ["refused", SERVED], options);
  assertEquals(ejectionPhase(table, 0), "in service");
});

Deno.test("the last resort: a client beside the one on trial is not the trial", () => {
  const table = makeTable("10.0.0.1");
  const options = { ejectAfter: 1, lastResort: true };
  send(table, ["refused"], options);
  offerTrial(table, 0);
  const [trial, other] = [attemptOn(table, options), attemptOn(table, options)];
  assertEquals([trial, other].map((attempt) => shown(attempt.begin())), ["try 0.0", "try 0.0"]);
  other.ended();
  assertEquals(ejectionPhase(table, 0), "on trial");
  trial.ended();
  assertEquals(ejectionPhase(table, 0), "trial due");
});

Deno.test("the last resort takes no trial: a channel that is down and due for one gets its trial when it is up", () => {
  const table = makeTable("10.0.0.1");
  const options = { ejectAfter: 1, lastResort: true };
  send(table, ["refused"], options);
  offerTrial(table, 0);
  apply(table, [{ kind: "observed", slot: 0, observed: "down" }]);
  assertEquals(send(table, ["refused"], options).map(shown), ["try 0.0"]);
  assertEquals(ejectionPhase(table, 0), "trial due");
  apply(table, [{ kind: "observed", slot: 0, observed: "up" }]);
  send(table, [SERVED], options);
  assertEquals(ejectionPhase(table, 0), "in service");
});

Deno.test("--eject: what a server did says nothing of the one that its channel has got meanwhile", () => {
  const table = makeTable("10.0.0.1 10.0.0.2");
  const options = { ejectAfter: 1 };
  const late = attemptOn(table, options);
  late.begin();
  apply(table, [{ kind: "address", slot: 0, place: ipv4Place(0x0a000003, 80) }]);
  late.failed("timeout", false);
  assertEquals(ejectionPhase(table, 0), "in service");
});

Deno.test("--queue: after a failure only channels that the client may still be given are waited for", () => {
  const line = { mayPass: () => true };
  const earlier = makeTable("10.0.0.1::1 ! 10.0.0.2");
  assertEquals(claim(earlier, 0, slotNamed("0.0")), true);
  const attempt = attemptOn(earlier, { line });
  assertEquals([attempt.begin(), attempt.failed("refused", false)].map(shown), [
    "try 1.0",
    "refuse",
  ]);
  const tried = makeTable("10.0.0.1::1 10.0.0.2::1");
  assertEquals(claim(tried, 0, slotNamed("0.1")), true);
  const other = attemptOn(tried, { line });
  assertEquals([other.begin(), other.failed("refused", false)].map(shown), ["try 0.0", "queue"]);
});

Deno.test("--queue: a client of a hash group waits for its own channel alone, with -H for any", () => {
  const line = { mayPass: () => true };
  const stepFor = (own: 0 | 1, hashFailover: boolean): string => {
    const table = makeTable("10.0.0.1::1 10.0.0.2::1 %");
    assertEquals(claim(table, 0, slotNamed(own === 0 ? "0.0" : "0.1")), true);
    setEnabled(table, false, own === 0 ? "0.1" : "0.0");
    return shown(
      new Attempt(rulesFor(table, { line }), { address: "192.0.2.2", hashFailover }).begin(),
    );
  };
  // An even sum of bytes: the first channel is its own.
  assertEquals([stepFor(0, false), stepFor(1, false)], ["queue", "refuse"]);
  assertEquals([stepFor(0, true), stepFor(1, true)], ["queue", "queue"]);
});
