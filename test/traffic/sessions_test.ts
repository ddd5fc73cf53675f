/** The clients of one thread, and one client: listed and ended. */
import { MAX_LISTED } from "../../lib/core/report/live.ts";
import type { Attempt } from "../../lib/core/session/attempt.ts";
import type { Guest } from "../../lib/traffic/deno/entrance.ts";
import type { Queue } from "../../lib/traffic/deno/queue.ts";
import type { Relay } from "../../lib/traffic/deno/relay.ts";
import { Session } from "../../lib/traffic/deno/session.ts";
import { Sessions } from "../../lib/traffic/deno/sessions.ts";
import { assertEquals } from "../kit/assert.ts";

/** A client without sockets, and what was done to it. */
function client(
  address: string,
  slot?: number,
  acceptedMs = 0,
): { session: Session; done: string[] } {
  const done: string[] = [];
  const early = {};
  const guest = {
    address,
    client: `${address}:1`,
    stream: { close: () => done.push("closed") },
    early: () => early,
  };
  const lease = slot === undefined
    ? undefined
    : { slot, endpoint: { family: "ipv4", address: 1, port: 80 } };
  const queue = { end: (one: unknown) => done.push(one === early ? "left the queue" : "?") };
  const session = new Session(
    guest as unknown as Guest,
    { lease } as unknown as Attempt,
    acceptedMs,
    queue as unknown as Queue,
  );
  return { session, done };
}

function relay(done: string[], told: Partial<Relay> = {}): Relay {
  return {
    end: (cause: string) => done.push(cause),
    lastByteMs: -Infinity,
    sent: 0,
    received: 0,
    halfClosed: false,
    ...told,
  } as unknown as Relay;
}

Deno.test("at most so many are listed, those let in first, and the others are counted", () => {
  const sessions = new Sessions();
  const entered = Array.from({ length: MAX_LISTED + 5 }, (_, at) => {
    const { session } = client("192.0.2.7", at % 2, at);
    return sessions.enter(session);
  });
  const { connections, omitted } = sessions.list(5000);
  assertEquals([connections.length, omitted], [MAX_LISTED, 5]);
  assertEquals([connections[0]?.ageMs, connections.at(-1)?.ageMs], [5000, 5001 - MAX_LISTED]);
  const even = sessions.list(5000, 0);
  assertEquals([even.connections.length, even.omitted], [MAX_LISTED / 2 + 3, 0]);
  for (const one of entered.slice(0, -1)) one[Symbol.dispose]();
  assertEquals(sessions.list(5000).connections.length, 1);
});

Deno.test("each is cut once, and only those that are meant", () => {
  const sessions = new Sessions();
  const clients = [
    client("192.0.2.7", 0),
    client("::ffff:192.0.2.7", 1),
    client("192.0.2.70"),
    client("2001:db8::1", 0),
  ];
  for (const { session } of clients) sessions.enter(session);
  assertEquals(sessions.cut({ kind: "client", address: "192.0.2.8" }), 0);
  assertEquals(sessions.cut({ kind: "client", address: "192.0.2.7" }), 2);
  assertEquals(sessions.cut({ kind: "channel", slot: 0 }), 1);
  assertEquals(sessions.cut({ kind: "channel", slot: 0 }), 0);
  assertEquals(sessions.cut({ kind: "all" }), 1);
  assertEquals(sessions.cut({ kind: "all" }), 0);
  assertEquals(clients.map(({ done }) => done.join()), Array(4).fill("closed"));
});

Deno.test("one that waits leaves the queue, one that relays ends there", () => {
  const queued = client("192.0.2.7");
  queued.session.queued = true;
  queued.session.end();
  assertEquals([queued.done, queued.session.cut], [["left the queue", "closed"], true]);
  const relaying = client("192.0.2.7", 0);
  relaying.session.relay = relay(relaying.done);
  relaying.session.end();
  assertEquals([relaying.done, relaying.session.cut], [["ended by balance"], true]);
});

Deno.test("what may last is waited for until the client is cut", async () => {
  const { session } = client("192.0.2.7", 0);
  assertEquals(await session.unlessCut(Promise.resolve(7)), 7);
  const waiting = session.unlessCut(new Promise(() => {}));
  session.end();
  assertEquals(await waiting, undefined);
});

Deno.test("a client is in the phase that it looks like, and idle since its last byte", () => {
  const { session, done } = client("192.0.2.7", undefined, 1000);
  const view = (now: number): unknown => {
    const { phase, ageMs, idleMs, slot, server, sent, received } = session.view(now);
    return [phase, ageMs, idleMs, slot, server, sent, received];
  };
  assertEquals(view(1500), ["connecting", 500, 500, undefined, undefined, 0, 0]);
  session.queued = true;
  assertEquals(view(1500), ["queued", 500, 500, undefined, undefined, 0, 0]);
  const served = client("192.0.2.7", 66, 1000).session;
  served.relay = relay(done, { lastByteMs: 1400, sent: 3, received: 4 });
  const { phase, idleMs, slot, server, sent, received } = served.view(1500);
  assertEquals([phase, idleMs, slot, server, sent, received], [
    "relaying",
    100,
    66,
    "0.0.0.1:80",
    3,
    4,
  ]);
  served.relay = relay(done, { halfClosed: true });
  const half = served.view(1500);
  assertEquals([half.phase, half.idleMs], ["half-closed", 500]);
});
