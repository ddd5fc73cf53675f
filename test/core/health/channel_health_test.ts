import { isSuspect } from "../../../lib/core/health/check_state.ts";
import {
  type ChannelHealth,
  type HealthEvent,
  newHealth,
  observe,
} from "../../../lib/core/health/channel_health.ts";
import { formatTransition } from "../../../lib/core/health/transition.ts";
import { assertEquals } from "../../kit/assert.ts";

const RULE = { rise: 2, fall: 2 };
const LABEL = { group: 0, channel: 1, name: "web2" };

/** Events in the order of seconds: `+`/`-` a check, `E` ejected, `T` trial failed, `S` served, `U`/`R` unresolved and
 * resolved, `O` enabled by the operator, `M` moved to another address. */
const EVENTS: Readonly<Record<string, (atMs: number) => HealthEvent>> = {
  "+": (atMs) => ({
    kind: "check",
    result: { ok: true, reason: "connected", atMs, tookMs: 1 },
    rule: RULE,
  }),
  "-": (atMs) => ({
    kind: "check",
    result: { ok: false, reason: "http 503", atMs, tookMs: 1 },
    rule: RULE,
  }),
  E: (atMs) => ({
    kind: "ejected",
    fault: { reason: "refused", atMs, jitter: 0.5 },
    threshold: 3,
  }),
  T: (atMs) => ({ kind: "trial failed", fault: { reason: "refused", atMs, jitter: 0.5 } }),
  S: (atMs) => ({ kind: "succeeded", result: { reason: "served", atMs } }),
  U: (atMs) => ({ kind: "resolution", resolved: false, reason: "no address", atMs }),
  R: (atMs) => ({ kind: "resolution", resolved: true, reason: "10.0.0.7", atMs }),
  O: (atMs) => ({ kind: "enabled", atMs }),
  M: (atMs) => ({ kind: "moved", atMs }),
  L: () => ({ kind: "late", late: true }),
  V: () => ({ kind: "late", late: false }),
  N: (atMs) => ({ kind: "unchecked", atMs }),
};

function play(events: string): { health: ChannelHealth; lines: string[] } {
  let health = newHealth(0);
  const lines: string[] = [];
  for (const [at, letter] of [...events].entries()) {
    const event = EVENTS[letter]?.((at + 1) * 1000);
    if (event === undefined) throw new Error(`no event ${letter}`);
    const step = observe(health, event);
    health = step.health;
    if (step.transition !== undefined) {
      lines.push(formatTransition(LABEL, step.transition).slice("channel 0.1 web2 ".length));
    }
  }
  return { health, lines };
}

interface Case {
  readonly events: string;
  /** Which second it came back last. */
  readonly back?: number;
  readonly observed: string;
  readonly lines: readonly string[];
}

const CASES: readonly Case[] = [
  { events: "", observed: "up", lines: [] },
  { events: "+-+-+", observed: "up", lines: [] },
  { events: "-", observed: "down", lines: ["down: http 503 (first check)"] },
  {
    events: "-++",
    observed: "up",
    back: 3,
    lines: ["down: http 503 (first check)", "up: connected (2 of 2), was down 2s"],
  },
  {
    events: "+--",
    observed: "down",
    lines: ["down: http 503 (2 of 2), was up 3s"],
  },
  {
    events: "ET",
    observed: "ejected",
    lines: ["ejected: refused (3 of 3), was up 1s"],
  },
  {
    events: "ES",
    observed: "up",
    back: 2,
    lines: ["ejected: refused (3 of 3), was up 1s", "up: served, was ejected 1s"],
  },
  {
    events: "EO",
    observed: "up",
    back: 2,
    lines: ["ejected: refused (3 of 3), was up 1s", "up: enabled, was ejected 1s"],
  },
  { events: "O", observed: "up", back: 1, lines: [] },
  {
    events: "+E--",
    observed: "down",
    lines: [
      "ejected: refused (3 of 3), was up 2s",
      "down: http 503 (2 of 2), was ejected 2s",
    ],
  },
  {
    events: "+E--++",
    observed: "ejected",
    lines: [
      "ejected: refused (3 of 3), was up 2s",
      "down: http 503 (2 of 2), was ejected 2s",
      "ejected: connected, but still ejected (2 of 2), was down 2s",
    ],
  },
  {
    events: "+E--S++",
    observed: "up",
    back: 7,
    lines: [
      "ejected: refused (3 of 3), was up 2s",
      "down: http 503 (2 of 2), was ejected 2s",
      "up: connected (2 of 2), was down 3s",
    ],
  },
  {
    events: "-U",
    observed: "unresolved",
    lines: ["down: http 503 (first check)", "unresolved: no address, was down 1s"],
  },
  {
    events: "-UR",
    observed: "down",
    lines: [
      "down: http 503 (first check)",
      "unresolved: no address, was down 1s",
      "down: 10.0.0.7, but still down, was unresolved 1s",
    ],
  },
  {
    events: "UR",
    observed: "up",
    back: 2,
    lines: ["unresolved: no address, was up 1s", "up: 10.0.0.7, was unresolved 1s"],
  },
  {
    events: "+--M+",
    observed: "up",
    back: 5,
    lines: ["down: http 503 (2 of 2), was up 3s", "up: connected (first check)"],
  },
  {
    events: "-N",
    observed: "up",
    back: 2,
    lines: ["down: http 503 (first check)", "up: it is not checked any more, was down 1s"],
  },
  { events: "++L", observed: "up", lines: [] },
  { events: "++M-", observed: "down", lines: ["down: http 503 (first check)"] },
  {
    events: "EM",
    observed: "up",
    back: 2,
    lines: [
      "ejected: refused (3 of 3), was up 1s",
      "up: it leads to another address, was ejected 1s",
    ],
  },
];

for (const { events, observed, lines, back } of CASES) {
  Deno.test(`a channel is ${observed} after ${events === "" ? "nothing" : events}`, () => {
    const { health, lines: told } = play(events);
    assertEquals(told, lines);
    assertEquals(health.observed, observed);
    assertEquals(health.backMs, back === undefined ? undefined : back * 1000);
  });
}

Deno.test("what is observed together is the worst of the parts, in every order of events", () => {
  const letters = Object.keys(EVENTS);
  const walk = (events: string, depth: number): void => {
    const { health } = play(events);
    const worst = !health.resolved
      ? "unresolved"
      : health.check.status === "down"
      ? "down"
      : health.ejection.phase === "out"
      ? "ejected"
      : "up";
    assertEquals(health.observed, worst, events);
    if (depth > 0) { for (const letter of letters) walk(events + letter, depth - 1); }
  };
  walk("", 3);
});

const SUSPICIONS: readonly (readonly [events: string, suspect: boolean])[] = [
  ["", false],
  ["+", false],
  ["+L", true],
  ["+LV", false],
  ["+L+", false],
  ["+L-", true],
  ["+-", true],
  ["+-+", false],
  ["+-M", false],
  ["+LM", false],
  ["+LN", false],
  ["+-L+", false],
  ["+--", false],
  ["+--L", false],
  ["+--+", false],
  ["+--++", false],
  ["+-E", true],
];

for (const [events, suspect] of SUSPICIONS) {
  const what = suspect ? "is" : "is not";
  Deno.test(`a channel ${what} suspect after ${events === "" ? "nothing" : events}`, () => {
    assertEquals(isSuspect(play(events).health.check), suspect);
  });
}

Deno.test("changes are counted by what the channel became", () => {
  assertEquals(play("+--++ESE").health.changes, { up: 2, down: 1, ejected: 2, unresolved: 0 });
});

Deno.test("a channel without an address begins unresolved", () => {
  assertEquals(newHealth(0, false).observed, "unresolved");
});
