import type { AccessLists } from "../../../lib/core/edge/access.ts";
import { ClientCounts, createClientMemory } from "../../../lib/core/edge/client_counts.ts";
import { formatPeer, type Origin, socketOrigin } from "../../../lib/core/edge/origin.ts";
import { type NetworkSet, parseNetworks } from "../../../lib/core/net/cidr.ts";
import { Entry, type EntryRules, type EntryStep } from "../../../lib/core/session/entry.ts";
import { proxyHeader } from "../../../lib/core/session/proxy_out.ts";
import { refusalCounts } from "../../../lib/core/table/clients.ts";
import { createTable, REFUSALS } from "../../../lib/core/table/schema.ts";
import { assertEquals } from "../../kit/assert.ts";

const encoder = new TextEncoder();
const V2_LOCAL = Uint8Array.fromHex("0d0a0d0a000d0a515549540a20000000");
const LINE = "PROXY TCP4 192.0.2.7 198.51.100.1 5123 443\r\n";

function nets(text?: string): NetworkSet | undefined {
  const parsed = parseNetworks(text ?? "");
  return parsed.kind === "networks" ? parsed.set : undefined;
}

function listsOf(allow?: string, deny?: string): AccessLists {
  return { allow: nets(allow), deny: nets(deny) };
}

function rulesOf(options: Partial<EntryRules> = {}): EntryRules {
  return {
    table: createTable(1),
    worker: 0,
    proxies: nets("10.0.0.0/8"),
    lists: listsOf(),
    counts: undefined,
    ...options,
  };
}

function socket(client: string): Origin {
  return socketOrigin({ hostname: client, port: 1000 }, { hostname: "10.9.9.9", port: 80 });
}

function shown(step: EntryStep): string {
  if (step.kind !== "enter") return step.kind;
  const { client, destination, proxy } = step.origin;
  const from = proxy === undefined ? "" : ` by ${formatPeer(proxy)}`;
  return `${formatPeer(client)} to ${formatPeer(destination)}${from}, ${step.header}`;
}

/** Refused clients, those reasons only that count any. */
function refused({ table }: EntryRules): string {
  const counts = refusalCounts(table);
  return REFUSALS.filter((reason) => counts[reason] > 0).map((reason) =>
    `${reason} ${counts[reason]}`
  ).join(", ");
}

interface Case {
  readonly name: string;
  readonly client: string;
  readonly lists?: AccessLists;
  /** What comes, piece by piece. */
  readonly bytes?: readonly (string | Uint8Array)[];
  readonly steps: string;
  readonly counted?: string;
}

const CASES: readonly Case[] = [
  {
    name: "a peer outside the networks enters as it is",
    client: "192.0.2.9",
    steps: "192.0.2.9:1000 to 10.9.9.9:80, 0",
  },
  {
    name: "a peer inside the networks is the client that its header names",
    client: "10.1.1.1",
    bytes: [LINE.slice(0, 9), LINE.slice(9) + "GET /"],
    steps: `read | read | 192.0.2.7:5123 to 198.51.100.1:443 by 10.1.1.1:1000, ${LINE.length}`,
  },
  {
    name: "an IPv4 peer on an IPv6 listener is inside the networks too",
    client: "::ffff:10.1.1.1",
    bytes: [LINE],
    steps: `read | 192.0.2.7:5123 to 198.51.100.1:443 by 10.1.1.1:1000, ${LINE.length}`,
  },
  {
    name: "LOCAL leaves the peer's own address",
    client: "10.1.1.1",
    bytes: [V2_LOCAL],
    steps: "read | 10.1.1.1:1000 to 10.9.9.9:80, 16",
  },
  {
    name: "UNKNOWN leaves the peer's own address",
    client: "10.1.1.1",
    bytes: ["PROXY UNKNOWN whatever\r\n"],
    steps: "read | 10.1.1.1:1000 to 10.9.9.9:80, 24",
  },
  {
    name: "anything but a header is refused as soon as it shows",
    client: "10.1.1.1",
    bytes: ["G"],
    steps: "read | refuse",
    counted: "bad header 1",
  },
  {
    name: "the lists look at the address that was learnt",
    client: "10.1.1.1",
    lists: listsOf(undefined, "192.0.2.0/24"),
    bytes: [LINE],
    steps: "read | refuse",
    counted: "denied 1",
  },
  {
    name: "a proxy that is denied itself brings clients that are not",
    client: "10.1.1.1",
    lists: listsOf("192.0.2.0/24", "10.0.0.0/8"),
    bytes: [LINE],
    steps: `read | 192.0.2.7:5123 to 198.51.100.1:443 by 10.1.1.1:1000, ${LINE.length}`,
  },
  {
    name: "the proxy's own connections need its own address to be allowed",
    client: "10.1.1.1",
    lists: listsOf("192.0.2.0/24"),
    bytes: [V2_LOCAL],
    steps: "read | refuse",
    counted: "not allowed 1",
  },
  {
    name: "a client that no list allows is refused without a byte",
    client: "203.0.113.1",
    lists: listsOf("192.0.2.0/24"),
    steps: "refuse",
    counted: "not allowed 1",
  },
];

for (const { name, client, lists = listsOf(), bytes = [], steps, counted = "" } of CASES) {
  Deno.test(`entry: ${name}`, () => {
    const rules = rulesOf({ lists });
    using entry = new Entry(rules, socket(client));
    const said = [entry.begin(0)];
    let all = new Uint8Array();
    for (const piece of bytes) {
      const more = typeof piece === "string" ? encoder.encode(piece) : piece;
      all = new Uint8Array([...all, ...more]);
      said.push(entry.received(all, 0));
    }
    assertEquals(said.map(shown).join(" | "), steps);
    assertEquals(refused(rules), counted);
  });
}

Deno.test("entry: a header that does not come in time is counted, a peer that only looked is not", () => {
  const rules = rulesOf();
  const miss = (what: "late" | "gone", received: number): string =>
    shown(new Entry(rules, socket("10.1.1.1")).missed(what, received));
  assertEquals([miss("late", 0), miss("late", 9), miss("gone", 0)], ["refuse", "refuse", "refuse"]);
  assertEquals(refused(rules), "no header 2");
  assertEquals(miss("gone", 9), "refuse");
  assertEquals(refused(rules), "bad header 1, no header 2");
});

Deno.test("entry: the limits hold for the client that was learnt, not for its proxy", () => {
  const limits = { connections: 1, rate: undefined };
  const rules = rulesOf({ counts: new ClientCounts(createClientMemory(1, 7, 1), 0, limits) });
  const come = (client: string, line: string): [Entry, string] => {
    const entry = new Entry(rules, socket(client));
    entry.begin(0);
    return [entry, entry.received(encoder.encode(line), 0).kind];
  };
  const other = LINE.replace("192.0.2.7", "192.0.2.8");
  const [first, ...later] = [["10.1.1.1", LINE], ["10.1.1.1", other], ["10.2.2.2", LINE]]
    .map(([client = "", line = ""]) => come(client, line));
  assertEquals([first?.[1], ...later.map(([, kind]) => kind)], ["enter", "enter", "refuse"]);
  first?.[0][Symbol.dispose]();
  // Once is enough: a second time gives nothing back.
  first?.[0][Symbol.dispose]();
  const after = [come("10.2.2.2", LINE)[1], come("10.1.1.1", LINE)[1]];
  assertEquals([after, refused(rules)], [["enter", "refuse"], "connections 2"]);
});

Deno.test("the header that is sent on names the client that was learnt and what it connected to", () => {
  using entry = new Entry(rulesOf(), socket("10.1.1.1"));
  entry.begin(0);
  const step = entry.received(encoder.encode(LINE), 0);
  const line = step.kind === "enter" ? proxyHeader("v1", step.origin) : new Uint8Array();
  assertEquals(new TextDecoder().decode(line), LINE);
  const own = proxyHeader("v1", socket("::ffff:192.0.2.9"));
  assertEquals(new TextDecoder().decode(own), "PROXY TCP4 192.0.2.9 10.9.9.9 1000 80\r\n");
});
