import type { Answer, Outcome } from "../../../lib/core/control/commands/command.ts";
import { NO_SUPPLIES } from "../../kit/supplies.ts";
import { formatDestination } from "../../../lib/core/command_line/destination.ts";
import { COMMANDS, interpret } from "../../../lib/core/control/interpreter.ts";
import {
  type Endpoint,
  formatHost,
  readSocketAddress,
} from "../../../lib/core/net/socket_address.ts";
import { apply } from "../../../lib/core/table/change.ts";
import type { Place } from "../../../lib/core/table/place.ts";
import { METHODS, slotOf, type Table } from "../../../lib/core/table/schema.ts";
import { claim } from "../../../lib/core/table/access.ts";
import { viewChannel } from "../../../lib/core/table/view.ts";
import { assert, assertEquals, assertStringIncludes } from "../../kit/assert.ts";
import { makeTable, SERVICES, setEnabled } from "../../kit/make_table.ts";

const LOOPBACK: Endpoint = { family: "ipv4", address: 0x7f000001, port: 0 };

const V6: Endpoint = {
  family: "ipv6",
  address: Uint8Array.of(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3),
  port: 0,
  scope: 0,
};

interface World {
  readonly table: Table;
  readonly group?: number;
  readonly resolved?: Endpoint | string | null;
}

/** Two channels in group 0 (the second disabled), three in group 1, none in group 2. */
function standard(): Table {
  const table = makeTable("10.0.0.1 10.0.0.2::5 ! 10.0.0.3 10.0.0.4 10.0.0.5");
  setEnabled(table, false, "0.1");
  return table;
}

/** Interprets a line, looking hosts up as given, and carries its changes out. */
function execute(line: string, world: World): Answer {
  const { table, group = 0, resolved = LOOPBACK } = world;
  const context = { table, group, services: SERVICES, workers: [], supplies: NO_SUPPLIES };
  let outcome: Outcome = interpret(line, context);
  if (outcome.kind === "resolve") outcome = interpret(line, { ...context, resolved });
  if (outcome.kind !== "answer") throw new Error("asked for something twice");
  apply(table, outcome.changes);
  return outcome;
}

function shown({ address, port }: Place): string {
  const endpoint = readSocketAddress(address, address.length);
  return `${endpoint === undefined ? "?" : formatHost(endpoint)}:${port}`;
}

/** What a line changes, as a short text. */
function changes(answer: Answer): string {
  return answer.changes.map((change) =>
    Object.values(change).map((value) => typeof value === "object" ? shown(value) : value).join(" ")
  ).join(", ");
}

const SYNTAX = "syntax error";
const UNKNOWN_METHOD = "unknown method (rr, hash, least, random or rendezvous)";

interface Case {
  readonly line: string;
  readonly says: string;
  /** Group of the session; 0 unless told. */
  readonly group?: number;
  /** Decided writes; none unless told. */
  readonly does?: string;
  /** Group afterwards, if another one. */
  readonly goes?: number;
  /** The looked-up address; 127.0.0.1 unless told, `null` for none, a text for one that cannot be used. */
  readonly resolved?: Endpoint | string | null;
}

const CASES: readonly Case[] = [
  { line: "", says: "" },
  { line: " \t ", says: "" },
  { line: "foo", says: SYNTAX },
  { line: "exit", says: SYNTAX },
  { line: "shows", says: SYNTAX },
  { line: "SHOW", says: SYNTAX },
  { line: "; show", says: SYNTAX },
  { line: "__proto__", says: SYNTAX },

  { line: "disable", says: SYNTAX },
  { line: "disable 0", says: "channel 0 disabled", does: "enabled 0 false" },
  { line: "disable 0 and more", says: "channel 0 disabled", does: "enabled 0 false" },
  { line: " \tdisable\t0", says: "channel 0 disabled", does: "enabled 0 false" },
  { line: "disable 0\r", says: "channel 0 disabled", does: "enabled 0 false" },
  { line: "disable 0\nversion", says: "channel 0 disabled", does: "enabled 0 false" },
  { line: "disable foo", says: "channel 0 disabled", does: "enabled 0 false" },
  { line: "disable 0x1", says: "channel 0 disabled", does: "enabled 0 false" },
  { line: "disable +0", says: "channel 0 disabled", does: "enabled 0 false" },
  { line: "disable 1", says: "channel 1 already disabled" },
  { line: "disable 1x", says: "channel 1 already disabled" },
  { line: "disable 2", says: "no such channel 2" },
  { line: "disable -1", says: "no such channel -1" },
  { line: "disable 127.0.0.1", says: "no such channel 127" },
  { line: "disable 4294967296", says: "no such channel 4294967296" },
  { line: "disable 2", group: 1, says: "channel 2 disabled", does: "enabled 66 false" },
  { line: "disable 0", group: 2, says: "no such channel 0" },

  { line: "enable", says: SYNTAX },
  { line: "enable 1", says: "channel 1 enabled", does: "enabled 1 true" },
  { line: "enable 0", says: "channel 0 already enabled" },
  { line: "enable 2", says: "no such channel 2" },
  { line: "enable foo", says: "channel 0 already enabled" },

  { line: "group", says: SYNTAX },
  { line: "group 1", says: "", goes: 1 },
  { line: "group 15", says: "", goes: 15 },
  { line: "group 0", group: 3, says: "", goes: 0 },
  { line: "group x", group: 3, says: "", goes: 0 },
  { line: "group 16", says: "value out of range" },
  { line: "group -1", says: "value out of range" },
  { line: "group 256", says: "value out of range" },
  { line: "group 257", says: "value out of range" },
  { line: "group 4294967296", says: "value out of range" },

  { line: "hash", says: "group 0 set to hash", does: "method 0 hash" },
  { line: "hash", group: 9, says: "group 9 set to hash", does: "method 9 hash" },
  { line: "rr", says: "group 0 set to round robin", does: "method 0 rr" },

  { line: "maxc", says: SYNTAX },
  { line: "maxc 0", says: SYNTAX },
  { line: "maxc 9", says: SYNTAX },
  { line: "maxc 9 1", says: "unknown channel" },
  { line: "maxc -1 1", says: "unknown channel" },
  { line: "maxc 0 7", says: "maxc of channel 0 changed to 7", does: "maxc 0 7" },
  { line: "maxc 0 -1", says: "maxc of channel 0 changed to -1", does: "maxc 0 -1" },
  { line: "maxc 0 many", says: "maxc of channel 0 changed to 0", does: "maxc 0 0" },
  {
    line: "maxc 0 2147483647",
    says: "maxc of channel 0 changed to 2147483647",
    does: "maxc 0 2147483647",
  },
  { line: "maxc 0 2147483648", says: "value out of range" },
  { line: "maxc 0 99999999999999999999", says: "value out of range" },

  { line: "method", says: SYNTAX },
  { line: "method least", says: "group 0 set to least", does: "method 0 least" },
  { line: "method random", says: "group 0 set to random", does: "method 0 random" },
  { line: "method rendezvous", says: "group 0 set to rendezvous", does: "method 0 rendezvous" },
  { line: "method hash", group: 3, says: "group 3 set to hash", does: "method 3 hash" },
  { line: "method rr", says: "group 0 set to round robin", does: "method 0 rr" },
  { line: "method RR", says: UNKNOWN_METHOD },
  { line: "method leas", says: UNKNOWN_METHOD },
  { line: "method __proto__", says: UNKNOWN_METHOD },

  { line: "weight", says: SYNTAX },
  { line: "weight 0", says: SYNTAX },
  { line: "weight 9", says: SYNTAX },
  { line: "weight 9 1", says: "unknown channel" },
  { line: "weight -1 1", says: "unknown channel" },
  { line: "weight 1 3", says: "weight of channel 1 changed to 3", does: "weight 1 3" },
  { line: "weight 0 0", says: "weight of channel 0 changed to 0", does: "weight 0 0" },
  { line: "weight 0 1000", says: "weight of channel 0 changed to 1000", does: "weight 0 1000" },
  {
    line: "weight 2 7",
    group: 1,
    says: "weight of channel 2 changed to 7",
    does: "weight 66 7",
  },
  { line: "weight 0 1001", says: "value out of range" },
  { line: "weight 0 -1", says: "value out of range" },
  { line: "weight 0 heavy", says: "value out of range" },
  { line: "weight 0 99999999999999999999", says: "value out of range" },

  { line: "reset", says: SYNTAX },
  { line: "reset 1", says: "channel 1 counters reset", does: "reset 1" },
  { line: "reset 2", says: "no such channel 2" },

  { line: "mrtg-bytes", says: SYNTAX },
  { line: "mrtg-bytes 0", says: SYNTAX },
  { line: "mrtg-bytes 16", says: SYNTAX },
  { line: "mrtg-bytes 16 0", says: "unknown group" },
  { line: "mrtg-bytes 17 0", says: "unknown group" },
  { line: "mrtg-bytes -1 0", says: "unknown group" },
  { line: "mrtg-bytes 0 2", says: "unknown channel" },
  { line: "mrtg-bytes 0 -1", says: "unknown channel" },
  { line: "mrtg-bytes 2 0", says: "unknown channel" },
  { line: "mrtg-bytes 0 1", says: "0\n0\nUNKNOWN\ngroup 0 channel 1" },
  { line: "mrtg-bytes 1 2", says: "0\n0\nUNKNOWN\ngroup 1 channel 2" },
  { line: "mrtg-conns 1 2", group: 2, says: "0\nUNKNOWN\nUNKNOWN\ngroup 1 channel 2" },
  { line: "mrtg-conns 0", says: SYNTAX },
  { line: "mrtg-conns 99 0", says: "unknown group" },

  { line: "create", says: SYNTAX },
  { line: "create h", says: SYNTAX },
  { line: "create h:80", says: SYNTAX },
  { line: "create h 80", says: "channel created", does: `create 0 127.0.0.1:80 0 false 1 0 h:80` },
  {
    line: "create h smtp",
    says: "channel created",
    does: `create 0 127.0.0.1:25 0 false 1 0 h:25`,
  },
  { line: "create h foo", says: "channel created", does: `create 0 127.0.0.1:0 0 false 1 0 h:0` },
  {
    line: "create h 70000",
    says: "channel created",
    does: `create 0 127.0.0.1:70000 0 false 1 0 h:70000`,
  },
  {
    line: "create h:8080 80",
    says: "channel created",
    does: `create 0 127.0.0.1:8080 0 false 1 0 h:8080`,
  },
  {
    line: "create h:8080:9 80",
    says: "channel created",
    does: `create 0 127.0.0.1:8080 0 false 1 0 h:8080`,
  },
  {
    line: "create h 80",
    group: 2,
    says: "channel created",
    does: `create 2 127.0.0.1:80 0 false 1 0 h:80`,
  },
  { line: "create nosuch 80", resolved: null, says: "invalid address" },
  { line: "create ::1 80", resolved: null, says: "invalid address" },
  {
    line: "create [2001:db8::3]:80",
    resolved: V6,
    says: "channel created",
    does: "create 0 2001:db8::3:80 0 false 1 0 [2001:db8::3]:80",
  },
  {
    line: "create [2001:db8::3] 81",
    resolved: V6,
    says: "channel created",
    does: "create 0 2001:db8::3:81 0 false 1 0 [2001:db8::3]:81",
  },
  { line: "create [2001:db8::3]", says: SYNTAX },
  {
    line: "create unix:/run/web.sock",
    resolved: { family: "unix", path: "/run/web.sock" },
    says: "channel created",
    does: "create 0 unix:/run/web.sock:0 0 false 1 0 unix:/run/web.sock",
  },
  { line: "create unix:/run/web.sock", resolved: "no permission", says: "no permission" },
  {
    line: "create h,weight=3,backup,maxc=7,proxy=v2 80",
    says: "channel created",
    does: "create 0 127.0.0.1:80 7 false 3 5 h:80",
  },
  {
    line: "create h,weight=x 80",
    says: 'destination h,weight=x: weight takes a number from 0 to 1000, not "x"',
  },

  { line: "assign", says: SYNTAX },
  { line: "assign 9", says: "unknown channel" },
  { line: "assign -1 h 80", says: "unknown channel" },
  { line: "assign 0", says: "channel must be disabled to assign new address" },
  { line: "assign 0 h 80", says: "channel must be disabled to assign new address" },
  { line: "assign 1", says: SYNTAX },
  { line: "assign 1 h", says: SYNTAX },
  {
    line: "assign 1 h 80",
    says: "channel reassigned",
    does: `address 1 127.0.0.1:80, name 1 h:80, flags 1 0`,
  },
  {
    line: "assign 1 h:99:7 80",
    says: "channel reassigned",
    does: `address 1 127.0.0.1:99, name 1 h:99, flags 1 0`,
  },
  {
    line: "assign 1 h,backup 80",
    says: "channel reassigned",
    does: "address 1 127.0.0.1:80, name 1 h:80, flags 1 1",
  },
  {
    line: "assign 1 h,weight=0,maxc=9 80",
    says: "channel reassigned",
    does: "address 1 127.0.0.1:80, name 1 h:80, flags 1 0, weight 1 0, maxc 1 9",
  },
  {
    line: "assign 1 h,weigth=2 80",
    says: "destination h,weigth=2: no attribute weigth; did you mean weight?",
  },
  { line: "assign 1 nosuch 80", resolved: null, says: "invalid address" },

  { line: "version", says: "  This is balance 3.54\n  MAXGROUPS=16\n  MAXCHANNELS=64" },
  {
    line: "version and more words",
    says: "  This is balance 3.54\n  MAXGROUPS=16\n  MAXCHANNELS=64",
  },
];

for (const { line, group = 0, says, does = "", goes = group, resolved } of CASES) {
  const where = group === 0 ? "" : ` in group ${group}`;
  const what = resolved === null ? " with an unknown host" : "";
  Deno.test(`${JSON.stringify(line)}${where}${what} answers ${JSON.stringify(says)}`, () => {
    const world = { table: standard(), group, ...(resolved === undefined ? {} : { resolved }) };
    const answer = execute(line, world);
    assertEquals([answer.lines.join("\n"), changes(answer)], [says, does]);
    assertEquals([answer.group, answer.then], [goes, "stay"]);
  });
}

/** The word that is typed, and the command that it means. */
const PREFIXES: readonly [typed: string, meant: string][] = [
  ["q", "quit"],
  ["s", "show"],
  ["h", "help"],
  ["k", "kill"],
  ["d", "disable"],
  ["g", "group"],
  ["r", "reset"],
  ["e", "enable"],
  ["c", "create"],
  ["a", "assign"],
  ["m", "maxc"],
  ["v", "version"],
  ["he", "help"],
  ["hea", "health"],
  ["ha", "hash"],
  ["hash", "hash"],
  ["rr", "rr"],
  ["re", "reset"],
  ["ma", "maxc"],
  ["mr", "mrtg-bytes"],
  ["mrtg-", "mrtg-bytes"],
  ["mrtg-b", "mrtg-bytes"],
  ["mrtg-c", "mrtg-conns"],
  ["?", "?"],
  ["w", "workers"],
  ["me", "method"],
  ["we", "weight"],
];

for (const [typed, meant] of PREFIXES) {
  Deno.test(`the word "${typed}" means ${meant}`, () => {
    const found = COMMANDS.find(({ name }) => name.startsWith(typed));
    assertEquals(found?.name, meant);
    const [short, full] = [typed, meant].map((word) =>
      execute(`${word} 1 h 80`, { table: standard() })
    );
    assertEquals(short, full);
  });
}

Deno.test("help lists the classic's commands to the byte", () => {
  assertEquals(execute("help me", { table: standard() }).lines, [
    "available commands:",
    "  create <host> <port>           creates a channel in the current group",
    "  assign <channel> <host> <port> reassigns a channel in the current group",
    "  disable <channel>              disables specified channel in current group",
    "  enable <channel>               enables channel in current group",
    "  group <group>                  changes current group to <group>",
    "  hash                           sets distribution scheme of current group to Hash",
    "  help                           prints this message",
    "  kill                           kills master process and quits interactive mode",
    "  maxc <channel> <maxc>          specifies new maxc for channel of current group",
    "  mrtg-bytes <grp> <ch>          print bytes in/out in MRTG format",
    "  mrtg-conns <grp> <ch>          print total connections in MRTG format",
    "  quit                           quit interactive mode",
    "  reset <channel>                reset all counters of channel in current group",
    "  rr                             sets distribution scheme of current group to Round Robin",
    "  show                           show all channels in all groups",
    "  version                        show version id",
  ]);
});

Deno.test("quit ends the session without a word", () => {
  const { lines, then } = execute("quit", { table: standard() });
  assertEquals([lines, then], [[], "quit"]);
});

Deno.test("kill ends the instance", () => {
  const { lines, then } = execute("k", { table: standard() });
  assertEquals([lines, then], [["shutdown complete, exiting."], "kill"]);
});

Deno.test("show lists every group, whatever the current one", () => {
  const [header = "", ...rows] = execute("show", { table: standard(), group: 2 }).lines;
  assertStringIncludes(header, "GRP Type  #   S");
  assertEquals(rows.map((row) => row.trim().split(/ +/).slice(0, 4).join(" ")), [
    "0 RR 0 ENA",
    "0 RR 1 dis",
    "1 RR 0 ENA",
    "1 RR 1 ENA",
    "1 RR 2 ENA",
  ]);
});

Deno.test("show names every method in four letters at most", () => {
  const table = standard();
  const types = METHODS.map((method) => {
    execute(`method ${method}`, { table, group: 1 });
    return execute("show", { table }).lines.at(-1)?.slice(4, 8);
  });
  assertEquals(types, ["  RR", "Hash", "  LC", "  P2", " HRW"]);
});

Deno.test("create is refused in a full group before its arguments are looked at", () => {
  const table = makeTable("");
  for (let channel = 0; channel < 64; channel++) {
    assertEquals(execute("create h 80", { table }).lines, ["channel created"]);
  }
  for (const line of ["create", "create h", "create h 80"]) {
    assertEquals(execute(line, { table }).lines, ["no channel slots available"]);
  }
  assertEquals(execute("create h 80", { table, group: 1 }).lines, ["channel created"]);
});

Deno.test("create and assign ask for the host part alone", () => {
  const context = { table: standard(), group: 0, services: SERVICES, workers: [] };
  const asked = (line: string): string | undefined => {
    const outcome = interpret(line, context);
    return outcome.kind === "resolve" ? outcome.destination.address.text : undefined;
  };
  assertEquals(asked("create name:80 25"), "name");
  assertEquals(asked("assign 1 name:80 25"), "name");
  assertEquals(asked("create ::1 25"), "");
});

Deno.test("a host is not looked up for a command that is refused anyway", () => {
  const context = { table: standard(), group: 0, services: SERVICES, workers: [] };
  for (const line of ["assign 0 h 80", "assign 9 h 80", "create h", "assign 1 h"]) {
    assertEquals(interpret(line, context).kind, "answer");
  }
});

Deno.test("assign checks the channel again after the look-up", () => {
  const table = standard();
  const context = { table, group: 0, services: SERVICES, workers: [] };
  assertEquals(interpret("assign 1 h 80", context).kind, "resolve");
  setEnabled(table, true, "0.1");
  const outcome = interpret("assign 1 h 80", { ...context, resolved: LOOPBACK });
  assertEquals(outcome.kind === "answer" && outcome.lines, [
    "channel must be disabled to assign new address",
  ]);
});

Deno.test("a created channel is disabled, without limit, and fresh", () => {
  const table = standard();
  execute("create h 80", { table, group: 1 });
  assertEquals(viewChannel(table, slotOf(1, 3)), {
    group: 1,
    channel: 3,
    leaving: false,
    enabled: false,
    draining: false,
    observed: "up",
    weight: 1,
    effectiveWeight: 1,
    flags: { backup: false, proxy: "default", member: false },
    endpoint: { family: "ipv4", address: 0x7f000001, port: 80 },
    port: 80,
    maxc: 0,
    c: 0,
    totalc: 0,
    sent: 0,
    received: 0,
  });
});

Deno.test("assign on an unknown host leaves the channel unchanged", () => {
  const table = standard();
  const before = viewChannel(table, 1);
  execute("assign 1 nosuch 80", { table, resolved: null });
  assertEquals(viewChannel(table, 1), before);
});

Deno.test("reset clears totalc and leaves c", () => {
  const table = standard();
  claim(table, 0, 0);
  execute("reset 0", { table });
  const { c, totalc } = viewChannel(table, 0);
  assertEquals([c, totalc], [1, 0]);
});

Deno.test("workers lists what it is told of the workers", () => {
  const workers = [{ worker: 0, state: "running", c: 1, totalc: 2, restarts: 3 }] as const;
  const outcome = interpret("workers", {
    table: standard(),
    group: 0,
    services: SERVICES,
    workers,
  });
  assertEquals(outcome.kind === "answer" && outcome.lines.length, 2);
});

const NO_TRANSITIONS = { up: 0, down: 0, ejected: 0, unresolved: 0 };

Deno.test("health lists what it is told of the channels", () => {
  const view = { group: 0, channel: 0, name: "web1", enabled: true, observed: "up" } as const;
  const health = [{ ...view, forMs: 0, failures: 0, downs: 0, ejections: 0, check: undefined }]
    .map((each) => ({ ...each, last: undefined, trial: undefined, reason: undefined }))
    .map((each) => ({
      ...each,
      late: false,
      checks: { good: 0, bad: 0 },
      transitions: NO_TRANSITIONS,
    }));
  const context = { table: standard(), group: 0, services: SERVICES, workers: [], health };
  const outcome = interpret("health", context);
  assertEquals(outcome.kind === "answer" && outcome.lines.length, 2);
});

for (
  const [line, group, destination, adopted] of [
    ["create dns:web 80", 0, "dns:web:80", undefined],
    ["create dns:web:81,weight=3", 3, "dns:web:81,weight=3", undefined],
    ["create srv:_http._tcp.web", 0, "srv:_http._tcp.web", undefined],
    ["create srv:_http._tcp.web 80", 0, "srv:_http._tcp.web", undefined],
    ["assign 1 dns:web 80", 0, "dns:web:80", 1],
  ] as const
) {
  Deno.test(`${JSON.stringify(line)} in group ${group} has records followed, and tells how many`, () => {
    const context = { table: standard(), group, services: SERVICES, workers: [] };
    const outcome = interpret(line, context);
    assert(outcome.kind === "need" && outcome.need.kind === "follow");
    const { wanted } = outcome.need;
    assertEquals([wanted.group, formatDestination(wanted.destination)], [group, destination]);
    assertEquals(wanted.adopted, adopted);
    const told = ([2, 1, "invalid address"] as const).map((followed) => {
      const answer = interpret(line, { ...context, supplies: { followed } });
      return answer.kind === "answer" ? [answer.lines.join(), answer.changes.length] : [];
    });
    assertEquals(told, [
      ["2 channels follow the records", 0],
      ["1 channel follows the records", 0],
      ["invalid address", 0],
    ]);
  });
}

for (
  const [line, says] of [
    ["create dns:web", "syntax error"],
    ["create dns:web,weight=3", "syntax error"],
    [
      "create dns:,weight=x 80",
      'destination dns:,weight=x: weight takes a number from 0 to 1000, not "x"',
    ],
    ["assign 0 dns:web 80", "channel must be disabled to assign new address"],
    ["assign 9 dns:web 80", "unknown channel"],
  ] as const
) {
  Deno.test(`${JSON.stringify(line)} has nothing followed: ${says}`, () => {
    const outcome = interpret(line, {
      table: standard(),
      group: 0,
      services: SERVICES,
      workers: [],
    });
    assertEquals(outcome.kind === "answer" && outcome.lines.join(), says);
  });
}

Deno.test("interpret() answers any bytes without a throw and without a change", () => {
  let state = 99;
  for (let round = 0; round < 2000; round++) {
    const codes = Array.from({ length: round % 40 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    });
    const line = `\x01${String.fromCharCode(...codes)}`;
    const answer = execute(line, { table: standard() });
    assertEquals(answer.changes, []);
  }
});
