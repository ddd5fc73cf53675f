import { judge, type Verdict } from "../../../lib/watch/page/model/verdict.ts";
import { assertEquals } from "../../kit/assert.ts";
import { type FakeChannel, fakeChannel, FakeWorld } from "../../kit/fake_documents.ts";

/** An afternoon, wherever the test runs. */
const NOW = new Date(2026, 10, 25, 14, 5).getTime();
const SINCE = new Date(2026, 10, 25, 14, 3).toISOString();

const UP = {};
const DOWN = { state: "down", reason: "http 503", since: SINCE } as const;
const DISABLED = { enabled: false } as const;

function verdict(channels: readonly Partial<FakeChannel>[], listening = true): Verdict {
  const made = channels.map((changes, at) => fakeChannel(at, `web${at + 1}`, NOW, changes));
  const world = new FakeWorld(NOW, [{ group: 0, method: "rr", channels: made }]);
  return judge({ ...world.state(), listening });
}

const CASES: readonly [
  name: string,
  channels: Partial<FakeChannel>[],
  text: string,
  well: boolean,
][] = [
  ["all are up", [UP, UP, UP], "All 3 servers up", true],
  ["the only one is up", [UP], "The server is up", true],
  [
    "one is down",
    [UP, DOWN, UP],
    "1 of 3 down: web2 since 14:03 (http 503)",
    false,
  ],
  ["the only one is down", [DOWN], "1 of 1 down: web1 since 14:03 (http 503)", false],
  [
    "all are down",
    [DOWN, DOWN, DOWN],
    "All 3 down: web1 since 14:03 (http 503), web2 since 14:03 (http 503), 1 more",
    false,
  ],
  [
    "they are ill in different ways",
    [{ ...DOWN, state: "ejected", reason: null }, DOWN, UP],
    "2 of 3 not up: web1 since 14:03, web2 since 14:03 (http 503)",
    false,
  ],
  [
    "an operator has taken some out",
    [UP, DISABLED, { enabled: false, draining: true }],
    "The server is up, 1 draining, 1 disabled",
    true,
  ],
  [
    "what is out of service is down",
    [UP, { ...DOWN, enabled: false }],
    "The server is up, 1 disabled",
    true,
  ],
  ["none is in use", [DISABLED, DISABLED], "No server is in use: 2 disabled", false],
  ["there are none", [], "No servers", false],
];

for (const [name, channels, text, well] of CASES) {
  Deno.test(`the sentence when ${name}`, () => {
    assertEquals(verdict(channels), { text, well });
  });
}

Deno.test("the sentence when nobody is let in", () => {
  assertEquals(verdict([UP], false), { text: "Takes no new clients", well: false });
});
