/**
 * The shell's interpreter: total, and against a small model of what is documented.
 *
 * @module
 */
import { NO_SUPPLIES } from "../kit/supplies.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import type { Answer } from "../../lib/core/control/commands/command.ts";
import { interpret } from "../../lib/core/control/interpreter.ts";
import type { Endpoint } from "../../lib/core/net/socket_address.ts";
import { formatAnswer, parseAnswerLine } from "../../lib/core/control/protocol.ts";
import { apply } from "../../lib/core/table/change.ts";
import { methodOf } from "../../lib/core/table/access.ts";
import { createTable, METHODS, type Table } from "../../lib/core/table/schema.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import type { Random } from "../kit/random.ts";
import { nastyText, type Target } from "./target.ts";

const ADDRESS = 0x0a000001;
const HOST: Endpoint = { family: "ipv4", address: ADDRESS, port: 0 };
const ORDER = [
  ...["quit", "show", "help", "?", "kill", "disable", "group", "reset", "enable", "create"],
  ...["assign", "maxc", "mrtg-bytes", "mrtg-conns", "version", "hash", "rr", "workers"],
  ...[
    "method",
    "weight",
    "health",
    "drain",
    "cut",
    "conns",
    "explain",
    "causes",
    "watch",
    "snapshot",
  ],
];

interface ModelChannel {
  enabled: boolean;
  maxc: number;
  weight: number;
  address: number;
  port: number;
}

/** What is known of the groups, and what a line should come to. */
class Model {
  group = 0;
  readonly groups = Array.from({ length: 16 }, () => ({
    method: "rr",
    channels: [] as ModelChannel[],
  }));

  /** The answer's lines; undefined where the model only knows that nothing changes. */
  run(line: string): readonly string[] | undefined {
    const [word, first, second, third] = line.split(/[ \t\r\n]+/).filter((each) => each !== "");
    if (word === undefined) return [];
    const name = ORDER.find((each) => each.startsWith(word));
    const channel = number(first);
    const one = this.#here.channels[channel];
    switch (name) {
      case undefined:
        return ["syntax error"];
      case "group":
        if (first === undefined) return ["syntax error"];
        if (channel < 0 || channel > 15) return ["value out of range"];
        this.group = channel;
        return [];
      case "hash":
      case "rr":
        return this.#distribute(name);
      case "method":
        if (first === undefined) return ["syntax error"];
        if (METHODS.some((method) => method === first)) return this.#distribute(first);
        return ["unknown method (rr, hash, least, random or rendezvous)"];
      case "weight":
        if (second === undefined) return ["syntax error"];
        if (one === undefined) return ["unknown channel"];
        if (!/^\d+$/.test(second) || Number(second) > 1000 || second.length > 4) {
          return ["value out of range"];
        }
        one.weight = Number(second);
        return [`weight of channel ${channel} changed to ${one.weight}`];
      case "enable":
      case "disable":
        if (first === undefined) return ["syntax error"];
        if (one === undefined) return [`no such channel ${channel}`];
        return this.#switch(one, channel, name === "enable");
      case "drain":
        return first === undefined ? ["syntax error"] : this.#drain(first, second);
      case "reset":
        if (first === undefined) return ["syntax error"];
        return [
          one === undefined ? `no such channel ${channel}` : `channel ${channel} counters reset`,
        ];
      case "maxc":
        if (second === undefined) return ["syntax error"];
        if (one === undefined) return ["unknown channel"];
        if (Math.abs(number(second)) > 2 ** 31 - 1) return ["value out of range"];
        one.maxc = number(second);
        return [`maxc of channel ${channel} changed to ${one.maxc}`];
      case "create":
        if (this.#here.channels.length >= 64) return ["no channel slots available"];
        if (second === undefined || first === undefined) return ["syntax error"];
        return this.#create(first, second);
      case "assign":
        if (first === undefined) return ["syntax error"];
        if (one === undefined) return ["unknown channel"];
        if (one.enabled) return ["channel must be disabled to assign new address"];
        if (second === undefined || third === undefined) return ["syntax error"];
        if (!known(second)) return ["invalid address"];
        one.address = ADDRESS;
        one.port = portOf(second, third);
        return ["channel reassigned"];
      default:
        return undefined;
    }
  }

  get #here(): { method: string; channels: ModelChannel[] } {
    const here = this.groups[this.group];
    if (here === undefined) throw new Error(`group ${this.group}`);
    return here;
  }

  #distribute(method: string): string[] {
    this.#here.method = method;
    return [`group ${this.group} set to ${method === "rr" ? "round robin" : method}`];
  }

  #switch(one: ModelChannel, channel: number, enabled: boolean): string[] {
    const word = enabled ? "enabled" : "disabled";
    if (one.enabled === enabled) return [`channel ${channel} already ${word}`];
    one.enabled = enabled;
    return [`channel ${channel} ${word}`];
  }

  #drain(text: string, limit: string | undefined): string[] {
    const [, group = this.group, channel] = /^(?:(\d{1,4})\.)?(\d{1,4})$/.exec(text) ?? [];
    const one = this.groups[Number(group)]?.channels[Number(channel)];
    if (one === undefined) return [`no such channel ${text}`];
    const seconds = Number(limit ?? 0);
    if (!/^\d{1,7}$/.test(limit ?? "0") || seconds > 2_000_000) return ["value out of range"];
    one.enabled = false;
    return [];
  }

  #create(host: string, port: string): string[] {
    if (!known(host)) return ["invalid address"];
    this.#here.channels.push({
      enabled: false,
      maxc: 0,
      weight: 1,
      address: ADDRESS,
      port: portOf(host, port),
    });
    return ["channel created"];
  }
}

/** The numbers of the shell: leading digits, else 0. */
function number(text = ""): number {
  const value = parseInt(text.replace(/^[\n\v\f\r\t ]*/, ""), 10) || 0;
  return clamp(value, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}

/** The resolver of this test knows the hosts that begin with `h`. */
function known(host: string): boolean {
  return host.startsWith("h");
}

function portOf(host: string, port: string): number {
  const inside = host.split(":")[1] ?? "";
  return clamp(number(inside === "" ? port : inside), -(2 ** 31), 2 ** 31 - 1);
}

/** Lines that make states in which others mean something. */
const USUAL = [
  ...[
    "create h 80",
    "create h:7 80",
    "enable 0",
    "enable 1",
    "disable 0",
    "assign 0 h 8",
    "assign 1 h 8",
  ],
  ...[
    "assign 0 x 8",
    "maxc 0 3",
    "weight 0 3",
    "weight 0 1001",
    "weight 1 0",
    "method least",
    "method x",
    "reset 0",
    "group 0",
    "group 1",
    "hash",
    "rr",
  ],
];

function randomLine(random: Random): string {
  if (random.chance(0.5)) return random.pick(USUAL);
  const name = random.pick(ORDER);
  const word = random.chance(0.8)
    ? name.slice(0, random.between(1, name.length))
    : nastyText(random, 3);
  const operands = Array.from(
    { length: random.between(0, 3) },
    () =>
      random.pick([
        ...["0", "1", "2", "-1", "15", "16", "64", "+1", "1x", "h", "h1:80", "x.y", "h:7:9", "080"],
        // Commas and brackets begin what the model does not have: attributes and IPv6.
        ...["2147483648", "-2147483647", "1000", "random", "rendezvous"],
        nastyText(random, 3).replace(/[,[]/g, ""),
      ]),
  );
  return [word, ...operands].join(random.pick([" ", "\t", "  "]));
}

function addressOf(endpoint: Endpoint): number | undefined {
  return endpoint.family === "ipv4" ? endpoint.address : undefined;
}

/** Interprets a line as the control server does. */
function execute(table: Table, group: number, line: string): Answer {
  const context = { table, group, services: new Map(), workers: [], supplies: NO_SUPPLIES };
  const first = interpret(line, context);
  if (first.kind === "answer") return first;
  assert(first.kind === "resolve", "asks for more than there is");
  const resolved = known(first.destination.address.text) ? HOST : null;
  const second = interpret(line, { ...context, resolved });
  assert(second.kind === "answer", "asks twice");
  return second;
}

/** Every property of the shell. */
export const targets: readonly Target[] = [
  {
    name: "every line is answered as documented, and a refused one changes nothing",
    round: (random): void => {
      const table = createTable(1);
      const model = new Model();
      for (let step = 0; step < 40; step++) {
        const line = randomLine(random);
        const before = [...table.words];
        const answer = execute(table, model.group, line);
        assertEquals(
          table.words.every((word, at) => word === before[at]),
          true,
          "interpreting alone changes the table",
        );
        const expected = model.run(line);
        if (expected !== undefined) assertEquals(answer.lines, expected, JSON.stringify(line));
        else assertEquals(answer.changes, [], JSON.stringify(line));
        apply(table, answer.changes);
        assertEquals(answer.group, model.group, JSON.stringify(line));
        const channels = model.groups.flatMap((group) => group.channels);
        const views = viewTable(table).map(({ enabled, maxc, weight, endpoint, port }) => ({
          enabled,
          maxc,
          weight,
          address: addressOf(endpoint),
          port,
        }));
        assertEquals(views, channels, JSON.stringify(line));
        assertEquals(
          model.groups.map((_, group) => methodOf(table, group)),
          model.groups.map(({ method }) => method),
        );
      }
    },
  },
  {
    name: "an answer that is framed is read again, line by line",
    round: (random): void => {
      const lines = Array.from(
        { length: random.between(0, 5) },
        () => random.pick([".", "..", ". 0", ". 0 bye", ".~", ".~ 1", "", nastyText(random, 5)]),
      ).map((line) => line.replaceAll("\n", ""));
      const group = random.between(0, 15);
      const bye = random.chance(0.5);
      const read = formatAnswer(lines, group, { bye }).split("\n").slice(0, -1).map(
        parseAnswerLine,
      );
      assertEquals(read, [
        ...lines.map((text) => ({ kind: "text" as const, text })),
        { kind: "end" as const, group, bye, status: 0 },
      ]);
    },
  },
];
