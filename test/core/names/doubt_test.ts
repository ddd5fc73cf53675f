import type { AddressAnswer, IpAddress } from "../../../lib/core/names/answer.ts";
import { doubtMissing, NO_MEMORY } from "../../../lib/core/names/doubt.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ip } from "./addresses.ts";

/** One answer: 4 and 6 for addresses of a family, `!` behind those that failed. */
function read(text: string): AddressAnswer {
  const [there = "", failing = ""] = text.split("!");
  const family = (letter: string): IpAddress["family"] => letter === "4" ? "ipv4" : "ipv6";
  return {
    addresses: there.split("").map((letter) => ip(letter === "4" ? "10.0.0.1" : "::1")),
    failed: failing.split("").map(family),
  };
}

/** What is unknown of each of several answers. */
function unknown(answers: string): string {
  let memory = NO_MEMORY;
  return answers.split(" ").map((text) => {
    const doubt = doubtMissing(memory, read(text));
    memory = doubt.memory;
    return doubt.answer.failed.map((family) => family === "ipv4" ? "4" : "6").join("") || "-";
  }).join(" ");
}

const CASES: readonly [name: string, answers: string, unknown: string][] = [
  ["believes an answer with all that there was", "46 64 46", "- - -"],
  ["believes a first answer with one family", "4 4", "- -"],
  ["believes one more family", "4 46", "- -"],
  ["doubts that a family is gone, once", "46 6 6 6", "- 4 - -"],
  ["doubts it again when it was back", "46 6 46 6", "- 4 - 4"],
  ["doubts one family for the other", "4 6 6", "- 4 -"],
  ["takes an answer with nothing as it is", "46  6", "- - 4"],
  ["keeps what has failed in mind, and doubts it later", "46 6!4 6 6", "- 4 4 -"],
  ["goes on doubting over a failure", "46 6 6!4 6", "- 4 4 -"],
];

for (const [name, answers, wanted] of CASES) {
  Deno.test(`doubtMissing() ${name}`, () => {
    assertEquals(unknown(answers), wanted);
  });
}
