import { Attempt, type Step } from "../../../lib/core/session/attempt.ts";
import { type Waiter, WaitingLine } from "../../../lib/core/session/waiting.ts";
import { release } from "../../../lib/core/table/access.ts";
import { apply } from "../../../lib/core/table/change.ts";
import { waitingCount } from "../../../lib/core/table/clients.ts";
import { EndpointReader } from "../../../lib/core/table/endpoint.ts";
import { openTable, slotOf, type Table } from "../../../lib/core/table/schema.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeScheduler } from "../../kit/make_scheduler.ts";
import { makeTable, setEnabled, slotNamed } from "../../kit/make_table.ts";

/** Clients of one thread, each by a letter; what happens to them is written down. */
class Thread {
  readonly line: WaitingLine;
  readonly log: string[];
  readonly #table: Table;
  readonly #worker: number;
  readonly #attempts: Map<string, { attempt: Attempt; waiter: Waiter }> = new Map();

  constructor(table: Table, log: string[], worker = 0, most = 9) {
    this.#table = table;
    this.#worker = worker;
    this.log = log;
    this.line = new WaitingLine(table, worker, most);
  }

  /** A client comes, and waits if it has to. */
  come(name: string, address = "192.0.2.1"): void {
    const { line } = this;
    const rules = {
      table: this.#table,
      worker: this.#worker,
      scheduler: makeScheduler(this.#table, { worker: this.#worker }),
      endpoints: new EndpointReader(this.#table),
      autodisable: false,
      ejectAfter: 0,
      lastResort: false,
      line,
      observer: {},
    };
    const attempt = new Attempt(rules, { address, hashFailover: false });
    const take = (step: Step): void => void this.log.push(`${name} ${shown(step)}`);
    const waiter = { again: () => attempt.again(), take };
    this.#attempts.set(name, { attempt, waiter });
    this.act(name, attempt.begin());
  }

  /** What a client's shell does with a step. */
  act(name: string, step: Step): void {
    const waiter = this.#attempts.get(name)?.waiter;
    if (step.kind !== "queue" || waiter === undefined) {
      return void this.log.push(`${name} ${shown(step)}`);
    }
    this.log.push(this.line.join(waiter, 100) ? `${name} waits` : `${name} too many`);
    this.line.serve();
  }

  /** The connect of a client failed. */
  fail(name: string): void {
    const step = this.#attempts.get(name)?.attempt.failed("refused", false);
    if (step !== undefined) this.act(name, step);
  }

  /** A client's connection ends. */
  end(name: string): void {
    this.#attempts.get(name)?.attempt.ended();
  }

  /** A client that waits leaves. */
  leave(name: string): void {
    const waiter = this.#attempts.get(name)?.waiter;
    if (waiter !== undefined) this.line.leave(waiter);
  }
}

function shown(step: Step): string {
  return step.kind === "try" ? `gets ${step.lease.slot}` : step.kind;
}

/** A table, one thread, and what happened there. */
function scene(operands: string, most = 9): { table: Table; thread: Thread; log: string[] } {
  const table = makeTable(operands);
  const log: string[] = [];
  return { table, thread: new Thread(table, log, 0, most), log };
}

Deno.test("clients that find every channel full wait, and are served in the order in which they came", () => {
  const { thread, log } = scene("10.0.0.1::1 10.0.0.2::1");
  for (const name of ["a", "b", "c", "d"]) thread.come(name);
  assertEquals(log.splice(0), ["a gets 0", "b gets 1", "c waits", "d waits"]);
  thread.end("b");
  thread.line.serve();
  assertEquals(log.splice(0), ["c gets 1"]);
  thread.end("a");
  thread.end("c");
  thread.line.serve();
  assertEquals([log, thread.line.length], [["d gets 0"], 0]);
});

Deno.test("a client that comes when a place is free does not go before one that waits", () => {
  const { thread, log } = scene("10.0.0.1::1");
  for (const name of ["a", "b"]) thread.come(name);
  thread.end("a");
  thread.come("c");
  assertEquals(log, ["a gets 0", "b waits", "b gets 0", "c waits"]);
});

Deno.test("only so many wait, and who leaves makes room for another one", () => {
  const { table, thread, log } = scene("10.0.0.1::1", 2);
  for (const name of ["a", "b", "c", "d"]) thread.come(name);
  assertEquals(log.splice(0), ["a gets 0", "b waits", "c waits", "d too many"]);
  thread.leave("b");
  thread.come("e");
  assertEquals([log.splice(0), waitingCount(table)], [["e waits"], 2]);
  thread.end("a");
  thread.line.serve();
  assertEquals(log, ["c gets 0"]);
});

Deno.test("nobody waits for channels that are disabled or admit nobody", () => {
  const { table, thread, log } = scene("10.0.0.1::1 10.0.0.2::-1");
  setEnabled(table, false, "0.0");
  thread.come("a");
  setEnabled(table, true, "0.0");
  thread.come("b");
  thread.come("c");
  assertEquals(log.splice(0), ["a refuse", "b gets 0", "c waits"]);
  // Nothing is left to wait for.
  setEnabled(table, false, "0.0");
  thread.line.serve();
  assertEquals(log, ["c refuse"]);
});

Deno.test("a limit that is raised serves whoever waits", () => {
  const { table, thread, log } = scene("10.0.0.1::1");
  for (const name of ["a", "b", "c"]) thread.come(name);
  apply(table, [{ kind: "maxc", slot: slotNamed("0.0"), maxc: 3 }]);
  thread.line.serve();
  assertEquals(log, ["a gets 0", "b waits", "c waits", "b gets 0", "c gets 0"]);
});

Deno.test("a client whose server refuses waits for the others that are full, and does not try it again", () => {
  const { thread, log } = scene("10.0.0.1 10.0.0.2::1");
  for (const name of ["a", "b", "c"]) thread.come(name);
  assertEquals(log.splice(0), ["a gets 0", "b gets 1", "c gets 0"]);
  thread.fail("c");
  assertEquals(log.splice(0), ["c waits"]);
  thread.end("b");
  thread.line.serve();
  assertEquals(log, ["c gets 1"]);
});

Deno.test("in a hash group a client goes before an older one that must have another channel", () => {
  const { thread, log } = scene("10.0.0.1::1 10.0.0.2::1 %");
  const [even, odd] = ["192.0.2.2", "192.0.2.1"];
  for (const [name, address] of [["a", even], ["b", odd], ["c", even], ["d", odd]] as const) {
    thread.come(name, address);
  }
  const [first = "", second = ""] = log.splice(0);
  assertEquals([first.slice(0, 6), second.slice(0, 6)], ["a gets", "b gets"]);
  thread.end("b");
  thread.line.serve();
  assertEquals(log.splice(0), [second.replace("b", "d")]);
  thread.end("a");
  thread.line.serve();
  assertEquals(log, [first.replace("a", "c")]);
});

Deno.test("waits whose time is over are told, and others are not", () => {
  const { thread } = scene("10.0.0.1::1");
  for (const name of ["a", "b"]) thread.come(name);
  assertEquals([thread.line.overdue(99).length, thread.line.overdue(100).length], [0, 1]);
});

/** Two threads on one table. */
function twoThreads(operands: string): { zero: Thread; one: Thread; log: string[] } {
  const table = makeTable(operands, 2);
  const log: string[] = [];
  const zero = new Thread(table, log, 0);
  return { zero, one: new Thread(openTable(table.memory, 2), log, 1), log };
}

Deno.test("a thread leaves a free place to another thread's client that came first", () => {
  const { zero, one, log } = twoThreads("10.0.0.1::1");
  zero.come("a");
  one.come("b");
  zero.come("c");
  zero.end("a");
  zero.line.serve();
  zero.come("d");
  assertEquals(log.splice(0), ["a gets 0", "b waits", "c waits", "d waits"]);
  one.line.serve();
  assertEquals(log.splice(0), ["b gets 0"]);
  one.end("b");
  one.line.serve();
  zero.line.serve();
  assertEquals(log, ["c gets 0"]);
});

Deno.test("a thread that does not answer is passed over", () => {
  const { zero, one, log } = twoThreads("10.0.0.1::1");
  zero.come("a");
  one.come("b");
  zero.come("c");
  zero.end("a");
  assertEquals(zero.line.serve(), true);
  assertEquals(log, ["a gets 0", "b waits", "c waits"]);
  assertEquals(zero.line.serve(true), false);
  assertEquals(log, ["a gets 0", "b waits", "c waits", "c gets 0"]);
});

Deno.test("one that cannot have what is free does not keep other threads' clients from it", () => {
  const { zero, one, log } = twoThreads("10.0.0.1::1 10.0.0.2::1 %");
  const [even, odd] = ["192.0.2.2", "192.0.2.1"];
  zero.come("a", even);
  zero.come("b", odd);
  one.come("c", even);
  zero.come("d", odd);
  log.splice(0);
  zero.end("b");
  one.line.serve();
  zero.line.serve();
  assertEquals(log.map((line) => line.slice(0, 6)), ["d gets"]);
});

Deno.test("nothing of a line is left in the table when all have gone", () => {
  const { table, thread } = scene("10.0.0.1::1");
  for (const name of ["a", "b", "c"]) thread.come(name);
  for (const name of ["b", "c"]) thread.leave(name);
  thread.end("a");
  assertEquals([waitingCount(table), thread.line.mayPass()], [0, true]);
  release(table, 0, slotOf(0, 0));
});
