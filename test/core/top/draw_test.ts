/** What `--top` looks like, as text. */
import { draw } from "../../../lib/core/top/draw.ts";
import { lineWidth } from "../../../lib/core/top/text.ts";
import { resize, showAnswer, showEvent, showState, type View } from "../../../lib/core/top/view.ts";
import { assert, assertEquals, assertStringIncludes } from "../../kit/assert.ts";
import { at, type MadeChannel, makeState } from "../../kit/documents.ts";
import { fourIn, manyChannels, picture, typed, viewOf } from "./pictures.ts";

const DOWN = "\x1b[B";
const EVENT = {
  at: at("14:03:12"),
  kind: "transition",
  level: "warning",
  text: "channel 0.1 web2 down: http 503 (3 of 3), was up 6d1h",
} as const;

/** The lines with text on them, without what is on the left of the margin only. */
function lines(view: View): string[] {
  return picture(view).map((line) => line.trimEnd()).filter((line) => line !== "");
}

Deno.test("80x24 leaves out the sparklines and nothing else", () => {
  assertEquals(lines(showEvent(fourIn(80, 24), EVENT)), [
    "balance 8888  3 of 4 up - web2 down 2m13s (http 503)               up 6d6h  deno",
    " conn    804  new/s   213  in/s  2.7M  out/s 58.7M  p50   0.3 p99   1.8 ms",
    "  G  #  state     name   address           c    max  new/s   in/s  out/s  p99ms",
    "> 0  0  up        web1   10.0.0.11:80    402      -    106   1.4M  29.1M    1.7",
    "     1  DOWN      web2   10.0.0.12:80      3      -      0      0      0      -",
    "     2  up        web3   10.0.0.13:80    399    500    107   1.3M  29.6M    1.8",
    "  1  0  up        spare  10.0.1.11:80      0      -      0      0      0      -",
    " 0.0 web1 up 6h5m   10.0.0.11:80   total 2,590   connects refused 0, timed out …",
    " 14:03:12  channel 0.1 web2 down: http 503 (3 of 3), was up 6d1h",
    " ↑↓  d disable  e enable  r drain  x cut  h health  c conns  ? keys  q quit",
  ]);
});

Deno.test("200x60 shows everything, the last minute of each channel included", () => {
  const [title = "", figures = "", ...rest] = lines(fourIn(200, 60));
  assert(title.endsWith("up 6d6h  deno"));
  assertEquals(title.length, 200);
  assertEquals(
    figures.replace(/ +/g, " "),
    " conn 804 ████████ new/s 213 ████████ in/s 2.7M out/s 58.7M connect p50 0.3 p99 1.8 ms",
  );
  assertStringIncludes(rest[0] ?? "", "p99ms  minute");
  assertStringIncludes(rest[1] ?? "", `1.7${" ".repeat(47)}${"█".repeat(15)}`);
  assertStringIncludes(rest[2] ?? "", "▁".repeat(15));
  assertStringIncludes(rest[5] ?? "", "weight 1   method rr");
});

Deno.test("40x10 keeps state, name, connections and new ones", () => {
  assertEquals(lines(showEvent(fourIn(40, 10), EVENT)), [
    "balance 8888  3 of 4 up - web2 down 2m1…",
    " conn    804  new/s   213  p99   1.8 ms",
    "  G  #  state     name       c  new/s",
    "> 0  0  up        web1     402    106",
    "     1  DOWN      web2       3      0",
    "     2  up        web3     399    107",
    "  1  0  up        spare      0      0",
    " 0.0 web1 up 6h5m   10.0.0.11:80   tota…",
    " 14:03:12  channel 0.1 web2 down: http …",
    " d dis  e ena  r drain  ? keys  q quit",
  ]);
});

Deno.test("columns are left out in this order: last minute, max, in, address, p99, out, new", () => {
  const heads = new Set<string>();
  for (let columns = 100; columns >= 30; columns--) {
    const head = lines(fourIn(columns, 24)).find((line) => line.includes("state")) ?? "";
    heads.add(head.trim().replace(/ {2,}/g, " "));
  }
  assertEquals([...heads], [
    "G # state name address c max new/s in/s out/s p99ms minute",
    "G # state name address c max new/s in/s out/s p99ms",
    "G # state name address c new/s in/s out/s p99ms",
    "G # state name address c new/s out/s p99ms",
    "G # state name c new/s out/s p99ms",
    "G # state name c new/s out/s",
    "G # state name c new/s",
    "G # state name c",
  ]);
});

Deno.test("at every size there are as many lines as rows, none wider than the terminal", () => {
  const views = [fourIn(80, 24), typed(fourIn(80, 24), "?"), viewOf(SIZE, [manyChannels()])];
  for (const view of views) {
    for (const columns of [1, 2, 9, 20, 39, 40, 79, 80, 81, 131, 200, 400]) {
      for (const rows of [1, 2, 3, 4, 5, 8, 9, 10, 15, 16, 24, 60, 100]) {
        const screen = draw(resize(view, { columns, rows }), () => "00:00:00");
        assertEquals(screen.length, rows);
        assert(screen.every((line) => lineWidth(line) <= columns), `${columns}x${rows}`);
      }
    }
  }
});

const SIZE = { columns: 80, rows: 24 };

Deno.test("with 64 channels the chosen one is always seen, and the table does not jump", () => {
  let view = viewOf(SIZE, [manyChannels()]);
  let first = "";
  const tops: string[] = [];
  for (let step = 0; step <= 64; step++) {
    const rows = picture(view).filter((line) => /^[> ](?: \d| {2})\s+\d+ {2}up/.test(line));
    assertEquals(rows.filter((line) => line.startsWith(">")).length, 1, `step ${step}`);
    const top = rows[0]?.slice(1).trimEnd() ?? "";
    if (top !== first) tops.push(top);
    first = top;
    view = typed(view, DOWN);
  }
  assertEquals(tops.length, 65 - 12 + 1);
  assertStringIncludes(picture(typed(view, "\x1b[H")).join("\n"), "> 0  0  up        web0");
  assertStringIncludes(picture(typed(view, "\x1b[H\x1b[F")).join("\n"), "> 1  0  up        spare");
});

Deno.test("a smaller terminal still shows the chosen channel", () => {
  const view = typed(viewOf({ columns: 80, rows: 60 }, [manyChannels()]), DOWN.repeat(40));
  assertStringIncludes(picture(resize(view, SIZE)).join("\n"), ">   40  up        web40");
});

Deno.test("the first line that is seen tells its group, and so does the first of each group", () => {
  const view = typed(viewOf(SIZE, [manyChannels()]), "\x1b[F");
  const rows = picture(view).filter((line) => /^[> ].{5} {2}up /.test(line));
  assertEquals(rows.map((row) => row.slice(2, 3)), ["0", ...Array(10).fill(" "), "1"]);
});

Deno.test("what is not known is a dash: rates before the second look, and after a reset", () => {
  const first = viewOf(SIZE, [makeState([[{ name: "a", totalConnections: 9 }]])]);
  assertStringIncludes(picture(first)[4] ?? "", "0      -      -      -      -      -");
  const reset = makeState([[{ name: "a", totalConnections: 1 }]], { now: at("14:05:26") });
  assertStringIncludes(picture(showState(first, reset))[4] ?? "", "0      -      -      0      0 ");
});

const SENTENCES: readonly [wanted: string, channels: readonly MadeChannel[]][] = [
  ["no servers", []],
  ["1 server up", [{ name: "a" }]],
  ["all 2 servers up", [{ name: "a" }, { name: "b" }]],
  ["1 server up, 1 disabled", [{ name: "a" }, { name: "b", enabled: false }]],
  ["all 2 are disabled", [{ name: "a", enabled: false }, { name: "b", enabled: false }]],
  ["1 of 2 up - b ejected 25s (refused)", [
    { name: "a" },
    { name: "b", state: "ejected", since: at("14:05:00"), reason: "refused" },
  ]],
  ["0 of 3 up - a down 1h5m (timeout), 2 more", [
    { name: "a", state: "down", since: at("13:00:00"), reason: "timeout" },
    { name: "b", state: "down" },
    { name: "c", state: "unresolved" },
  ]],
];

for (const [wanted, channels] of SENTENCES) {
  Deno.test(`the first line says: ${wanted}`, () => {
    const [title = ""] = picture(viewOf(SIZE, [makeState([channels])]));
    assertEquals(/^balance 8888 {2}(.*?)(?: {2}|$)/.exec(title)?.[1], wanted);
  });
}

Deno.test("an instance that accepts nobody says so first", () => {
  const state = makeState([[{ name: "a" }]], { listening: false });
  assertStringIncludes(picture(viewOf(SIZE, [state]))[0] ?? "", "takes no clients - 1 server up");
});

Deno.test("every state is a word: of the operator in small letters, of trouble in large ones", () => {
  const states = ["up", "down", "ejected", "unresolved"] as const;
  const channels = states.flatMap((state) => [
    { name: "on", state },
    { name: "off", state, enabled: false },
    { name: "out", state, enabled: false, draining: true },
  ]);
  const words = picture(viewOf(SIZE, [makeState([channels])])).flatMap((line) =>
    /^[> ](?: \d| {2})\s+\d+ {2}(.{8}) /.exec(line)?.[1]?.trim() ?? []
  );
  assertEquals(words, [
    ...["up", "disabled", "draining"],
    ...["DOWN", "dis/down", "drn/down"],
    ...["EJECTED", "dis/ejct", "drn/ejct"],
    ...["NO ADDR", "dis/unrs", "drn/unrs"],
  ]);
});

Deno.test("the chosen channel's line says since when it is ill, and why", () => {
  assertStringIncludes(
    picture(typed(fourIn(120, 24), DOWN)).join("\n"),
    " 0.1 web2 down 2m13s (http 503)   10.0.0.12:80   total 0",
  );
  assertStringIncludes(
    picture(typed(fourIn(120, 24), DOWN + DOWN)).join("\n"),
    "check http:/up: ok in 1.2 ms, 1s ago",
  );
});

Deno.test("clients that wait and that were refused are told when there are any", () => {
  const totals = { waiting: 3, refusedClients: { rate: 12, denied: 2000 } };
  assertStringIncludes(
    picture(viewOf(SIZE, [makeState([[{ name: "a" }]], { totals })])).join("\n"),
    " 3 waiting   2,012 refused since the start (rate 12, denied 2,000)",
  );
});

Deno.test("channels without names of their own have no column of addresses", () => {
  const state = makeState([[{ name: "10.0.0.11:80" }, { name: "10.0.0.12:80" }]]);
  assert(!picture(viewOf(SIZE, [state])).join("\n").includes("address"));
});

Deno.test("old data does not look live: the first line says since when, and the rest is faint", () => {
  const view: View = { ...fourIn(80, 24), silentSince: "14:05:10" };
  const [title, ...rest] = draw(view, () => "");
  assertStringIncludes(picture(view)[0] ?? "", "no answer since 14:05:10");
  assertEquals(title?.some(({ style }) => style === "trouble"), true);
  assertEquals(new Set(rest.flat().map(({ style }) => style)), new Set(["faint"]));
});

Deno.test("events are told the newest first, and how long none came", () => {
  const none = fourIn(80, 24);
  assertStringIncludes(picture(none).join("\n"), " no events since 14:05:10");
  const later = { ...EVENT, at: at("14:04:00"), text: "channel 0.1 web2 up: ok" };
  const told = lines(showEvent(showEvent(none, EVENT), later)).filter((line) => / 14:0/.test(line));
  assertEquals(told.map((line) => line.slice(1, 9)), ["14:04:00", "14:03:12"]);
});

Deno.test("what strangers have written cannot drive the terminal", () => {
  const state = makeState([[{ name: "a\x1b[2Jb", state: "down", reason: "\x07\u202e" }]]);
  const view = showEvent(viewOf(SIZE, [state]), { ...EVENT, text: "x\x1b]0;y\x07" });
  // deno-lint-ignore no-control-regex -- they are looked for
  assert(!/[\x00-\x1f\u202e]/.test(picture(view).join("")));
});

Deno.test("wide characters take two columns, and the columns behind them stay in line", () => {
  const state = makeState([[{ name: "東京", connections: 7 }, { name: "abcd", connections: 8 }]]);
  const rows = picture(viewOf(SIZE, [state])).filter((line) => /(東京|abcd) {2}/.test(line));
  assertEquals(rows.map((row) => row.search(/[78] /)), [40, 42]);
});

Deno.test("health has a line for each channel, and the same one is chosen", () => {
  const health = {
    channels: [
      {
        group: 0,
        channel: 0,
        name: "web1",
        enabled: true,
        state: "up",
        since: at("08:00:00"),
        reason: null,
        check: { kind: "http:/up", result: "ok", ms: 1.2, at: at("14:05:20") },
        failuresInARow: 0,
        trialInSeconds: null,
        downs: 0,
        ejections: 0,
      },
      {
        group: 0,
        channel: 1,
        name: "web2",
        enabled: true,
        state: "ejected",
        since: at("14:03:12"),
        reason: "refused",
        check: null,
        failuresInARow: 3,
        trialInSeconds: 4.25,
        downs: 2,
        ejections: 1,
      },
    ],
  } as const;
  const view = showAnswer(typed(fourIn(100, 24), `${DOWN}h`), { health });
  assertEquals(lines(view).slice(2, 5), [
    "  G  #  state     name  since  check     last result     ms fails trial downs ejects",
    "  0  0  up        web1   6h5m  http:/up  ok             1.2     0     -     0      0",
    ">    1  EJECTED   web2  2m13s  -         -                -     3  4.3s     2      1",
  ]);
});

Deno.test("the connections of the chosen channel are listed, and how many more there are", () => {
  const connections = {
    connections: [{
      client: "192.0.2.7:5123",
      group: 0,
      channel: 0,
      server: "10.0.0.11:80",
      ageSeconds: 3700,
      idleSeconds: 2,
      sentBytes: 1234,
      receivedBytes: 5.6e6,
      phase: "relaying",
    }],
    omitted: 9,
  } as const;
  const view = showAnswer(typed(fourIn(100, 24), "c"), { connections });
  assertEquals(lines(view).slice(2, 5), [
    "  client                 server           age    idle     in    out  phase",
    "  192.0.2.7:5123         10.0.0.11:80    1h1m      2s   1.2k   5.6M  relaying",
    "  and 9 more",
  ]);
  const none = showAnswer(typed(fourIn(80, 24), "c"), {
    connections: { connections: [], omitted: 0 },
  });
  assertStringIncludes(picture(none).join("\n"), " no connections");
});

Deno.test("the ways in which connections ended are listed with the last one of each", () => {
  const last = {
    at: at("14:05:00"),
    client: "192.0.2.7:5123",
    group: 0,
    channel: 1,
    server: "10.0.0.12:80",
  };
  const causes = {
    causes: [{ cause: "client closed", count: 12345, last }, {
      cause: "server reset",
      count: 1,
      last: null,
    }],
  };
  assertEquals(lines(showAnswer(typed(fourIn(80, 24), "w"), { causes })).slice(2, 5), [
    "  ended by             count  the last one",
    "  client closed       12,345  14:05:00  192.0.2.7:5123 at 0.1 10.0.0.12:80",
    "  server reset             1  -",
  ]);
});

Deno.test("? lists the keys", () => {
  assertStringIncludes(
    picture(typed(fourIn(80, 24), "?")).join("\n"),
    "x                 cut: end",
  );
});
