import {
  formatBanner,
  formatMrtg,
  formatNoMaster,
  formatPrompt,
  formatShow,
  formatVersion,
  formatWorkers,
} from "../../../lib/core/report/report.ts";
import { apply } from "../../../lib/core/table/change.ts";
import { type ChannelView, viewTable } from "../../../lib/core/table/view.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeTable, setEnabled } from "../../kit/make_table.ts";

const FIRST: ChannelView = {
  group: 0,
  channel: 0,
  leaving: false,
  enabled: true,
  draining: false,
  observed: "up",
  weight: 1,
  effectiveWeight: 1,
  flags: { backup: false, proxy: "default", member: false },
  endpoint: { family: "ipv4", address: 0x7f000001, port: 41001 },
  port: 41001,
  maxc: 0,
  c: 0,
  totalc: 3,
  sent: 0,
  received: 9,
};
const SECOND: ChannelView = {
  group: 1,
  channel: 2,
  leaving: false,
  enabled: false,
  draining: false,
  observed: "up",
  weight: 1,
  effectiveWeight: 1,
  flags: { backup: false, proxy: "default", member: false },
  endpoint: { family: "ipv4", address: 0x0a0101c8, port: 110 },
  port: 110,
  maxc: 16,
  c: 2,
  totalc: 17,
  sent: 123456,
  received: 7890123,
};

Deno.test("formatShow() prints the classic's table to the byte", () => {
  assertEquals(formatShow([FIRST, SECOND], (group) => group === 0 ? "RR" : "Hash"), [
    "GRP Type  #   S       ip-address  port    c      totalc maxc        sent        rcvd",
    "  0   RR  0 ENA        127.0.0.1 41001    0           3    0           0           9",
    "  1 Hash  2 dis       10.1.1.200   110    2          17   16      123456     7890123",
  ]);
});

Deno.test("formatShow() prints the header alone without channels", () => {
  assertEquals(formatShow([], () => "Hash").length, 1);
});

Deno.test("formatShow() lets longer values push the rest to the right", () => {
  const wide = {
    ...SECOND,
    endpoint: { family: "ipv4", address: 0xffffffff, port: 0 } as const,
    port: -1000000,
    maxc: -12345,
    c: 123456,
    totalc: 4294967296123,
    sent: 1e15,
  };
  assertEquals(
    formatShow([wide], () => "Hash")[1],
    "  1 Hash  2 dis  255.255.255.255 -1000000 123456 4294967296123 -12345 1000000000000000     7890123",
  );
});

Deno.test("formatMrtg() prints rcvd before sent", () => {
  assertEquals(formatMrtg(SECOND, "bytes"), [
    "7890123",
    "123456",
    "UNKNOWN",
    "group 1 channel 2",
  ]);
});

Deno.test("formatMrtg() prints totalc and two unknowns", () => {
  assertEquals(formatMrtg(SECOND, "conns"), ["17", "UNKNOWN", "UNKNOWN", "group 1 channel 2"]);
});

Deno.test("formatVersion() prints the classic's version and limits", () => {
  assertEquals(formatVersion(), ["  This is balance 3.54", "  MAXGROUPS=16", "  MAXCHANNELS=64"]);
});

Deno.test("formatBanner() and formatPrompt() print what expect scripts wait for", () => {
  assertEquals(
    formatBanner(4711),
    "\nbalance 3.54 interactive command shell\nPID of master process is 4711\n\n",
  );
  assertEquals(formatPrompt(12), "balance[12] ");
});

Deno.test("formatNoMaster() names the pid if it is known", () => {
  assertEquals(formatNoMaster(), "no master process, exiting.");
  assertEquals(formatNoMaster(17), "no master process with pid 17, exiting.");
});

Deno.test("formatWorkers() prints one line a worker below a header", () => {
  const lines = formatWorkers([
    { worker: 0, state: "running", c: 2, totalc: 10, restarts: 0 },
    { worker: 1, state: "restarting", c: 0, totalc: 7, restarts: 3 },
  ]);
  assertEquals(lines.map((line) => line.trim().split(/ +/)), [
    ["#", "state", "c", "totalc", "restarts"],
    ["0", "running", "2", "10", "0"],
    ["1", "restarting", "0", "7", "3"],
  ]);
  assertEquals(new Set(lines.map(({ length }) => length)).size, 1);
});

Deno.test("formatShow() says what holds a channel that is wanted, and lets long addresses grow their row", () => {
  const unresolved = { ...FIRST, observed: "unresolved" } as const;
  const unix = {
    ...FIRST,
    endpoint: { family: "unix", path: "/run/a/long/web.sock" },
    port: 0,
  } as const;
  const rows = [unresolved, { ...unresolved, enabled: false }, { ...FIRST, leaving: true }, unix];
  assertEquals(formatShow(rows, () => "RR").slice(1), [
    "  0   RR  0 unrs        127.0.0.1 41001    0           3    0           0           9",
    "  0   RR  0 dis        127.0.0.1 41001    0           3    0           0           9",
    "  0   RR  0 dis        127.0.0.1 41001    0           3    0           0           9",
    "  0   RR  0 ENA unix:/run/a/long/web.sock     0    0           3    0           0           9",
  ]);
});

Deno.test("show says in S why an enabled channel gets nobody, and of a disabled one that it is", () => {
  const states = ["up", "down", "ejected", "unresolved"] as const;
  const table = makeTable(states.map(() => "10.0.0.1").join(" "));
  for (const [slot, observed] of states.entries()) {
    apply(table, [{ kind: "observed", slot, observed }]);
  }
  const column = (): string[] =>
    formatShow(viewTable(table), () => "RR").slice(1).map((line) =>
      line.trim().split(/ +/)[3] ?? ""
    );
  assertEquals(column(), ["ENA", "down", "ejct", "unrs"]);
  setEnabled(table, false, "0.0", "0.1", "0.2", "0.3");
  assertEquals(column(), ["dis", "dis", "dis", "dis"]);
});
