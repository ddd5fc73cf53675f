/** What the keys of `--top` do. */
import { type Effect, press, questionOf } from "../../../lib/core/top/actions.ts";
import { type Key, parseKeys } from "../../../lib/core/top/keys.ts";
import { chosenRow, showState, type View } from "../../../lib/core/top/view.ts";
import { assertEquals, assertStringIncludes } from "../../kit/assert.ts";
import { makeState } from "../../kit/documents.ts";
import type { StateDocument } from "../../../lib/core/report/documents.ts";
import { fourIn, manyChannels, picture, typed, viewOf } from "./pictures.ts";

const DOWN = "\x1b[B";
const START = fourIn(80, 24);

/** What the last of some keys asks of the outside. */
function effectOf(view: View, text: string): Effect | undefined {
  const { keys } = parseKeys(text);
  const last = keys.at(-1) ?? { character: "" };
  return press(typed(view, text.slice(0, -1)), last).effect;
}

function command(group: number, line: string): Effect {
  return { kind: "command", command: { group, line } };
}

Deno.test("d, e and r are for the chosen channel of its group", () => {
  assertEquals(effectOf(START, "d"), command(0, "disable 0"));
  assertEquals(effectOf(START, `${DOWN}e`), command(0, "enable 1"));
  assertEquals(effectOf(START, `${DOWN}${DOWN}${DOWN}r`), command(1, "drain 0 0"));
});

Deno.test("x asks, and only y cuts", () => {
  const asked = typed(START, "x");
  assertStringIncludes(
    picture(asked).at(-1) ?? "",
    "cut all 402 connections of 0.0 web1? y/n",
  );
  assertEquals(press(asked, { character: "y" }).effect, command(0, "cut 0"));
  for (const key of ["n", "x", "d", "q", "\r"]) {
    const { view, effect } = press(asked, parseKeys(key).keys[0] ?? "escape");
    assertEquals([effect, view.notice], [undefined, "nothing was cut"], JSON.stringify(key));
  }
});

Deno.test("x does not ask when there is nothing to cut", () => {
  const view = typed(START, `${DOWN.repeat(3)}x`);
  assertEquals([view.question, view.notice], [undefined, "spare has no connections"]);
});

Deno.test("q and Ctrl-C quit, Ctrl-C in a question too", () => {
  assertEquals(effectOf(START, "q"), { kind: "quit" });
  assertEquals(effectOf(START, "\x03"), { kind: "quit" });
  assertEquals(press(typed(START, "x"), "ctrl-c").effect, { kind: "quit" });
});

Deno.test("h, c and w open pages and close them, Esc goes back", () => {
  assertEquals(
    ["h", "c", "w", "?", "\r", "hc", "hh", "c\x1b", "h\r"].map((keys) => typed(START, keys).page),
    [
      "health",
      "connections",
      "ends",
      "keys",
      "connections",
      "connections",
      "channels",
      "channels",
      "health",
    ],
  );
});

Deno.test("each page asks what it shows, the connections those of the chosen channel", () => {
  assertEquals(["", "h", "w", `${DOWN.repeat(3)}c`].map((keys) => questionOf(typed(START, keys))), [
    undefined,
    "health json",
    "causes json",
    "conns json 1.0",
  ]);
});

Deno.test("arrows, pages and ends move among the channels and stop at the first and last", () => {
  const view = viewOf({ columns: 80, rows: 24 }, [manyChannels()]);
  const name = (keys: string): string | undefined => chosenRow(typed(view, keys))?.document.name;
  assertEquals(name("\x1b[A"), "web0");
  assertEquals(name("jjk"), "web1");
  assertEquals(name("\x1b[6~"), "web12");
  assertEquals(name("\x1b[6~\x1b[5~"), "web0");
  assertEquals(name("\x1b[F"), "spare");
  assertEquals(name(`\x1b[F${DOWN}`), "spare");
  assertEquals(name("\x1b[F\x1b[H"), "web0");
});

Deno.test("a channel stays chosen when others come and go; when it goes, its neighbour is chosen", () => {
  const state = makeState([[{ name: "a" }, { name: "b" }, { name: "c" }]]);
  const view = typed(viewOf({ columns: 80, rows: 24 }, [state]), DOWN + DOWN);
  const [group] = state.groups;
  const without = (gone: number): View => {
    const channels = group?.channels.filter(({ channel }) => channel !== gone) ?? [];
    return showState(view, { ...state, groups: [{ group: 0, method: "rr", channels }] });
  };
  assertEquals(chosenRow(without(0))?.document.name, "c");
  assertEquals(chosenRow(without(2))?.document.name, "b");
});

Deno.test("a channel that was being drained is told when it is empty, and only then", () => {
  const state = (draining: boolean, connections: number): StateDocument =>
    makeState([[{ name: "a", enabled: false, draining, connections }]]);
  let view = viewOf({ columns: 80, rows: 24 }, [state(true, 2), state(true, 1)]);
  assertEquals(view.notice, undefined);
  view = showState(view, state(false, 0));
  assertEquals(view.notice, "0.0 a is drained");
  assertEquals(showState(typed(view, "j"), state(false, 0)).notice, undefined);
});

Deno.test("without any channel no key does harm", () => {
  const view = viewOf({ columns: 80, rows: 24 }, [makeState([])]);
  const keys: Key[] = ["up", "down", "page up", "page down", "home", "end", "enter"];
  for (const key of [...keys, ..."derxhcw?".split("").map((character) => ({ character }))]) {
    const { view: after, effect } = press(view, key);
    assertEquals(effect === undefined || effect.kind === "look", true);
    picture(after);
  }
});

Deno.test("what the instance said stays until the next key", () => {
  const told = { ...START, notice: "channel 0 disabled" };
  assertStringIncludes(picture(told).at(-1) ?? "", "channel 0 disabled");
  assertEquals(typed(told, "j").notice, undefined);
});
