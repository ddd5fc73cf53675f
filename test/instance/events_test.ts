/** What happens to an instance, told and remembered. */
import { assertEquals } from "../kit/assert.ts";
import { recorder } from "../kit/reporter.ts";
import { faultsOf } from "../kit/schema.ts";
import type { EventDocument } from "../../lib/core/report/documents.ts";
import { Events } from "../../lib/instance/events.ts";

Deno.test("what the log says is told, but for lines about single connections", () => {
  const log = recorder();
  const events = new Events(log);
  events.log("info", "connection ended", { client: "192.0.2.7:5" });
  events.log("notice", "worker {worker} restarted", { worker: 1 });
  events.log("error", "internal error", { reason: "a b" });
  assertEquals(log.lines.length, 3);
  assertEquals(events.recent().map(({ kind, level, text }) => [kind, level, text]), [
    ["instance", "notice", "worker 1 restarted"],
    ["instance", "error", 'internal error reason="a b"'],
  ]);
  for (const event of events.recent()) assertEquals(faultsOf("event", event), []);
});

Deno.test("the last hundred events are remembered, the oldest first", () => {
  const events = new Events(recorder());
  for (let count = 0; count < 150; count++) {
    events.tell({ kind: "operator", level: "notice", text: String(count) });
  }
  const wanted = Array.from({ length: 100 }, (_, at) => String(50 + at));
  assertEquals(events.recent().map(({ text }) => text), wanted);
});

Deno.test("everybody who listens hears each event once, until they do not listen any more", () => {
  const events = new Events(recorder());
  const heard: string[] = [];
  const tell = (text: string): void => events.tell({ kind: "operator", level: "notice", text });
  const listener = (name: string) => ({ text }: EventDocument): void =>
    void heard.push(name + text);
  tell("before");
  const one = events.subscribe(listener("1"));
  {
    using _two = events.subscribe(listener("2"));
    tell("a");
  }
  tell("b");
  one[Symbol.dispose]();
  tell("c");
  assertEquals(heard, ["1a", "2a", "1b"]);
});
