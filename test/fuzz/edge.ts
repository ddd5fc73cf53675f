/**
 * The edge against hostile headers and plain models: who comes in, who is counted, who waits.
 *
 * @module
 */
import { type Random } from "../kit/random.ts";
import {
  ClientCounts,
  createClientMemory,
  type Verdict,
} from "../../lib/core/edge/client_counts.ts";
import { socketOrigin } from "../../lib/core/edge/origin.ts";
import { encodeProxyHeader } from "../../lib/core/edge/proxy_header.ts";
import type { ProxyMessage, ProxyPeer } from "../../lib/core/edge/proxy_message.ts";
import { compileNetworks } from "../../lib/core/net/cidr.ts";
import { mapIpv4, sameBytes } from "../../lib/core/net/ip_address.ts";
import { Attempt, type Step } from "../../lib/core/session/attempt.ts";
import { Entry } from "../../lib/core/session/entry.ts";
import { type Waiter, WaitingLine } from "../../lib/core/session/waiting.ts";
import { anyChannel, usable } from "../../lib/core/table/access.ts";
import { refusalCounts, waitingCount } from "../../lib/core/table/clients.ts";
import { EndpointReader } from "../../lib/core/table/endpoint.ts";
import { createTable, openTable, REFUSALS } from "../../lib/core/table/schema.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { makeScheduler } from "../kit/make_scheduler.ts";
import { makeTable, setEnabled } from "../kit/make_table.ts";
import { nastyText, type Target } from "./target.ts";

function randomPeer(random: Random): ProxyPeer {
  const address = random.chance(0.5) ? mapIpv4(random.between(0, 2 ** 32 - 1)) : random.bytes(16);
  return { address, port: random.between(0, 65535) };
}

function randomMessage(random: Random): ProxyMessage {
  const kind = random.pick(["proxied", "proxied", "unknown", "local"] as const);
  if (kind !== "proxied") return { kind };
  return { kind, source: randomPeer(random), destination: randomPeer(random) };
}

/** Bytes that are a header, nearly one, or none; what a header among them says. */
function randomBytes(
  random: Random,
): { bytes: Uint8Array; message?: ProxyMessage; length: number } {
  const message = randomMessage(random);
  const header = encodeProxyHeader(random.pick(["v1", "v2"] as const), message);
  const tail = random.bytes(random.between(0, 60));
  const bytes = new Uint8Array([...header, ...tail]);
  if (random.chance(0.4)) return { bytes, message, length: header.length };
  if (random.chance(0.2)) {
    return { bytes: new TextEncoder().encode(nastyText(random, 40)), length: 0 };
  }
  for (let edits = random.between(1, 4); edits > 0; edits--) {
    const at = random.between(0, header.length - 1);
    bytes[at] = random.pick([0, 10, 13, 32, 48, 255, random.between(0, 255)]);
  }
  return { bytes: bytes.subarray(0, random.between(0, bytes.length)), length: 0 };
}

/** Every property of the edge. */
export const targets: readonly Target[] = [
  {
    name:
      "a peer's header lets in the client that it names, hostile bytes nobody or the peer, in any pieces",
    round: (random): void => {
      const table = createTable(1);
      const proxies = compileNetworks([{ address: mapIpv4(0x0a000000), bits: 104 }]);
      const lists = { allow: undefined, deny: undefined };
      const end = { hostname: "10.0.0.1", port: 1 };
      const entry = new Entry(
        { table, worker: 0, proxies, lists, counts: undefined },
        socketOrigin(end, end),
      );
      const { bytes, message, length } = randomBytes(random);
      let step = entry.begin(0);
      let received = 0;
      while (step.kind === "read" && received < bytes.length) {
        received = Math.min(bytes.length, received + random.between(1, 9));
        step = entry.received(bytes.subarray(0, received), 0);
      }
      if (step.kind === "enter") assert(step.header <= received && step.header > 0);
      const counts = refusalCounts(table);
      const counted = REFUSALS.reduce((sum, reason) => sum + counts[reason], 0);
      assertEquals(counted, step.kind === "refuse" ? 1 : 0);
      if (message === undefined) return;
      assert(step.kind === "enter" && step.header === length, bytes.toHex());
      const { client, proxy } = step.origin;
      const named = message.kind === "proxied" ? message.source.address : mapIpv4(0x0a000001);
      assert(sameBytes(client.address, named), bytes.toHex());
      assertEquals(proxy !== undefined, message.kind === "proxied");
    },
  },
  {
    name: "connections of a client are never more than its limit, and all come back",
    round: (random): void => {
      const most = random.between(1, 4);
      const memory = createClientMemory(3, random.between(0, 2 ** 31 - 1), 4);
      const limits = { connections: most, rate: undefined };
      const threads = [0, 1, 2].map((worker) => new ClientCounts(memory, worker, limits));
      const open: { thread: number; client: number; verdict: Verdict }[] = [];
      for (let step = 0; step < 300; step++) {
        const thread = random.between(0, 2);
        const client = random.between(0, 20);
        const now = open.filter((each) => each.client === client).length;
        const verdict = threads[thread]?.admit(mapIpv4(client), step);
        assert(verdict !== undefined);
        assertEquals(verdict.admission, now < most ? "admitted" : "connections");
        if (verdict.admission === "admitted") open.push({ thread, client, verdict });
        while (open.length > 0 && random.chance(0.5)) {
          const [gone] = open.splice(random.between(0, open.length - 1), 1);
          if (gone !== undefined) threads[gone.thread]?.release(gone.verdict);
        }
      }
    },
  },
  {
    name:
      "nobody waits while a channel has room that nobody older wants, and nothing is left at the end",
    round: (random): void => {
      const operands = random.pick([
        "10.0.0.1::1 10.0.0.2::2",
        "10.0.0.1::1 10.0.0.2::1 %",
        "10.0.0.1::2",
      ]);
      const table = makeTable(operands, 2);
      const most = random.between(1, 6);
      const tables = [table, openTable(table.memory, 2)];
      const lines = tables.map((each, worker) => new WaitingLine(each, worker, most));
      const served = new Set<Attempt>();
      const waiting = new Map<Attempt, { line: WaitingLine; waiter: Waiter }>();
      const take = (attempt: Attempt, step: Step): void => {
        waiting.delete(attempt);
        if (step.kind === "try") served.add(attempt);
      };
      const come = (worker: number): void => {
        const line = lines[worker];
        const own = tables[worker];
        if (line === undefined || own === undefined) return;
        const rules = {
          table: own,
          worker,
          scheduler: makeScheduler(own, { worker }),
          endpoints: new EndpointReader(own),
          autodisable: false,
          ejectAfter: 0,
          lastResort: false,
          line,
          observer: {},
        };
        const address = `192.0.2.${random.between(1, 9)}`;
        const attempt = new Attempt(rules, { address, hashFailover: false });
        const step = attempt.begin();
        if (step.kind !== "queue") return take(attempt, step);
        const waiter = {
          again: (): Step => attempt.again(),
          take: (next: Step): void => take(attempt, next),
        };
        waiting.set(attempt, { line, waiter });
        if (!line.join(waiter, Infinity)) waiting.delete(attempt);
      };
      for (let step = 0; step < 120; step++) {
        const chance = random.next();
        if (chance < 0.5) come(random.between(0, 1));
        else if (chance < 0.8 && served.size > 0) {
          const attempt = random.pick([...served]);
          served.delete(attempt);
          attempt.ended();
        } else if (chance < 0.9 && waiting.size > 0) {
          const [attempt, { line, waiter }] = random.pick([...waiting]);
          line.leave(waiter);
          waiting.delete(attempt);
        } else setEnabled(table, random.chance(0.7), random.pick(["0.0"]));
        for (const line of lines) line.serve(random.chance(0.3));
        assertEquals(waitingCount(table), waiting.size);
        assert(waiting.size <= most);
      }
      for (const line of lines) line.serve(true);
      if (!operands.endsWith("%")) assert(waiting.size === 0 || !anyChannel(table, usable));
      setEnabled(table, true, "0.0");
      for (let rounds = 0; served.size + waiting.size > 0; rounds++) {
        assert(rounds < 200, `${waiting.size} wait for ever`);
        for (const attempt of served) attempt.ended();
        served.clear();
        for (const line of lines) line.serve(true);
      }
      assertEquals([waitingCount(table), ...viewTable(table).map(({ c }) => c)], [
        0,
        ...viewTable(table).map(() => 0),
      ]);
    },
  },
];
