import type { Supplies } from "../../../lib/core/control/commands/command.ts";
import { interpret } from "../../../lib/core/control/interpreter.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { makeTable, SERVICES } from "../../kit/make_table.ts";

const START = { options: ["--deny", "::1"], port: "8888", destinations: new Map() };

function run(line: string, supplies: Supplies = { start: START }): unknown {
  const table = makeTable("10.0.0.1");
  const outcome = interpret(line, { table, group: 0, services: SERVICES, workers: [], supplies });
  if (outcome.kind === "answer") return [outcome.lines.join("; "), outcome.status];
  assert(outcome.kind === "need");
  const { need } = outcome;
  return need.kind === "configure" ? [need.name, need.live.given.join(" ")] : need.kind;
}

Deno.test("set asks for the options as they are, changes one, and tells it", () => {
  assertEquals(run("set deny 10.0.0.0/8", {}), "start");
  assertEquals(run("set deny 10.0.0.0/8"), ["deny", "--deny 10.0.0.0/8"]);
  const configured = "--deny 10.0.0.0/8";
  assertEquals(run("set deny 10.0.0.0/8", { start: START, configured }), [configured, 0]);
});

Deno.test("a value may have blanks", () => {
  assertEquals(run("set check-send GET me"), ["check-send", "--deny ::1 --check-send GET me"]);
});

Deno.test("set prints the options", () => {
  assertEquals(run("set deny"), ["--deny ::1", 0]);
  assertEquals(run("set allow"), ["--allow is off", 0]);
});

Deno.test("what cannot be set is complained of with exit code 64", () => {
  assertEquals(run("set queue x"), [
    '--queue takes N:SEC, 1 to 10000 clients for 1 to 86400 seconds, not "x"',
    64,
  ]);
  assertEquals(run("set queu"), ["no option queu; did you mean queue?", 64]);
});

Deno.test("set changes no meaning of a shorter word", () => {
  const first = run("se", { start: START });
  assertEquals(first, run("set", { start: START }));
  assert(String(run("s")).includes("10.0.0.1"));
});
