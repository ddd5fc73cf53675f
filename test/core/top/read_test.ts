/** Answers of an instance, and what is none. */
import { readAnswer, readEvent, readState } from "../../../lib/core/top/read.ts";
import { assertEquals } from "../../kit/assert.ts";
import { at, makeState } from "../../kit/documents.ts";

Deno.test("a state is read as it is", () => {
  const state = makeState([[{ name: "a" }]]);
  assertEquals(readState(JSON.stringify(state)), state);
});

Deno.test("what is no state is refused: the table of an older version, other JSON", () => {
  const texts = ["GRP Type  #", "", "null", "1", "[]", "{}", '{"now":"x","totals":{},"groups":[]}'];
  for (const text of texts) assertEquals(readState(text), undefined, text);
});

Deno.test("an event has a time and a text", () => {
  const event = { at: at("14:00:00"), kind: "operator", level: "notice", text: "x" } as const;
  assertEquals(readEvent(JSON.stringify(event)), event);
  assertEquals(readEvent('{"at":1,"text":"x"}'), undefined);
});

Deno.test("an answer is for the page that asked", () => {
  const text = '{"causes":[]}';
  assertEquals(readAnswer("ends", text), { causes: { causes: [] } });
  assertEquals(readAnswer("health", text), {});
  assertEquals(readAnswer("connections", "syntax error"), {});
});
