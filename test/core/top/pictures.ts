/**
 * The view of a made-up instance as text.
 *
 * @module
 */
import { press } from "../../../lib/core/top/actions.ts";
import { draw } from "../../../lib/core/top/draw.ts";
import { parseKeys } from "../../../lib/core/top/keys.ts";
import { plainText } from "../../../lib/core/top/text.ts";
import { beginView, showState, type Size, type View } from "../../../lib/core/top/view.ts";
import { at, makeState } from "../../kit/documents.ts";
import type { StateDocument } from "../../../lib/core/report/documents.ts";

/** Three servers and a spare one, `seconds` after the first look; the second one is down. */
export function fourChannels(seconds: number): StateDocument {
  return makeState([[
    {
      name: "web1",
      connections: 402,
      totalConnections: 1000 + 106 * seconds,
      sentBytes: 1.4e6 * seconds,
      receivedBytes: 29.1e6 * seconds,
      connectMs: { p50: 0.3, p99: 1.7 },
    },
    { name: "web2", connections: 3, state: "down", since: at("14:03:12"), reason: "http 503" },
    {
      name: "web3",
      connections: 399,
      maxc: 500,
      totalConnections: 1000 + 107 * seconds,
      sentBytes: 1.3e6 * seconds,
      receivedBytes: 29.6e6 * seconds,
      connectMs: { p50: 0.3, p99: 1.8 },
      check: { kind: "http:/up", result: "ok", ms: 1.24, at: at("14:05:24") },
    },
  ], [{ name: "spare" }]], {
    now: at(`14:05:${String(10 + seconds).padStart(2, "0")}`),
    totals: { connectMs: { p50: 0.3, p99: 1.8 } },
  });
}

/** 64 channels of one group, and one of another. */
export function manyChannels(): StateDocument {
  const channels = Array.from({ length: 64 }, (_, number) => ({ name: `web${number}` }));
  return makeState([channels, [{ name: "spare" }]]);
}

/** The view after some states, a second apart. */
export function viewOf(size: Size, states: readonly StateDocument[]): View {
  const [first, ...others] = states;
  if (first === undefined) throw new Error("No state");
  return others.reduce(showState, beginView(first, size, "14:05:10"));
}

/** The view of {@link fourChannels} after 15 seconds. */
export function fourIn(columns: number, rows: number): View {
  const states = Array.from({ length: 16 }, (_, second) => fourChannels(second));
  return viewOf({ columns, rows }, states);
}

/** What is on the screen, line by line. */
export function picture(view: View): string[] {
  return draw(view, (time) => time.slice(11, 19)).map(plainText);
}

/** The view after some keys, as a terminal sends them. */
export function typed(view: View, text: string): View {
  return parseKeys(text).keys.reduce((now, key) => press(now, key).view, view);
}
