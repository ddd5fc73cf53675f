/**
 * Micro-benchmarks of the pure core: `deno bench test/bench/core_bench.ts`.
 *
 * @module
 */
import { formatRecord } from "../../lib/core/dump.ts";
import { hashClient } from "../../lib/core/schedule/hash.ts";
import { chooseFirst, chooseNext, type Client } from "../../lib/core/schedule/schedule.ts";
import { apply } from "../../lib/core/table/change.ts";
import {
  createTable,
  MAX_CHANNELS,
  MAX_GROUPS,
  type MethodName,
  slotOf,
  type Table,
} from "../../lib/core/table/schema.ts";
import { claim, release } from "../../lib/core/table/access.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import { ipv4Place } from "../kit/make_table.ts";

const CLIENT: Client = { address: "192.0.2.17", hashFailover: false };
const CHANNEL_COUNTS = [1, 2, 4, 8, 16, 32, 64];

/** A table of `groups` groups with `channels` channels each. */
function makeTable(groups: number, channels: number, method: MethodName, enabled = true): Table {
  const table = createTable(1);
  for (let group = 0; group < groups; group++) {
    apply(table, [{ kind: "method", group, method }]);
    for (let channel = 0; channel < channels; channel++) {
      const port = 1000 + channel;
      apply(table, [{
        kind: "create",
        group,
        place: ipv4Place(0x7f000001, port),
        maxc: 0,
        enabled,
      }]);
    }
  }
  return table;
}

/** A table in which only the last channel of the last group can be had. */
function makeExhausted(groups: number, channels: number): Table {
  const table = makeTable(groups, channels, "rr", false);
  apply(table, [{ kind: "enabled", slot: slotOf(groups - 1, channels - 1), enabled: true }]);
  return table;
}

for (const channels of CHANNEL_COUNTS) {
  const table = makeTable(1, channels, "rr");
  Deno.bench(`round robin, ${channels} channels`, { group: "choose, all usable" }, () => {
    chooseFirst(table, CLIENT);
  });
}

for (const channels of CHANNEL_COUNTS) {
  const table = makeExhausted(1, channels);
  Deno.bench(`round robin, last of ${channels}`, { group: "choose, one usable" }, () => {
    chooseFirst(table, CLIENT);
  });
}

const full = makeTable(MAX_GROUPS, MAX_CHANNELS, "rr");
const hashed = makeTable(MAX_GROUPS, MAX_CHANNELS, "hash");
const exhausted = makeExhausted(MAX_GROUPS, MAX_CHANNELS);
const tried = new Set([0]);
const sixteen = { group: "choose, 16 groups of 64 channels" };

Deno.bench("round robin, first group usable", sixteen, () => {
  chooseFirst(full, CLIENT);
});
Deno.bench("hash, first group usable", sixteen, () => {
  chooseFirst(hashed, CLIENT);
});
Deno.bench("round robin, after one refusal", sixteen, () => {
  chooseNext(full, CLIENT, 0, tried);
});
Deno.bench("round robin, only the last of 1024 usable", sixteen, () => {
  chooseFirst(exhausted, CLIENT);
});

Deno.bench("claim and release", { group: "table" }, () => {
  if (claim(full, 0, 0)) release(full, 0, 0);
});
Deno.bench("view of all 1024 channels", { group: "table" }, () => {
  viewTable(full);
});

Deno.bench("IPv4 client", { group: "hash" }, () => {
  hashClient("192.0.2.17");
});
Deno.bench("IPv6 client", { group: "hash" }, () => {
  hashClient("2001:db8:8000::9c:fffe");
});

const text = new TextEncoder().encode("GET /index.html HTTP/1.1\r\n".repeat(40)).subarray(0, 1024);
const binary = Uint8Array.from({ length: 1024 }, (_, i) => (i * 37) & 0xff);

Deno.bench("1 KiB of text", { group: "dump" }, () => {
  formatRecord("sent", text);
});
Deno.bench("1 KiB of binary", { group: "dump" }, () => {
  formatRecord("received", binary);
});
