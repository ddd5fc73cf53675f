import { ExitError } from "../../../lib/core/errors.ts";
import {
  groupMethods,
  type GroupSpec,
  parseGroups,
  parsePort,
} from "../../../lib/core/command_line/spec.ts";
import { parseOptions } from "../../../lib/core/command_line/options.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";
import { SERVICES } from "../../kit/make_table.ts";

const OWN = 8888;

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

function write(groups: readonly GroupSpec[]): string {
  return groups.map(({ method, destinations }) =>
    `${method === "hash" ? "Hash" : "RR"}(${
      destinations.map(({ address }) => address.text).join(" ")
    })`
  ).join(" ");
}

const GROUPS: readonly [name: string, operands: string, groups: string][] = [
  ["nothing as one empty group", "", "RR()"],
  ["one group without a separator as Round Robin", "a b", "RR(a b)"],
  ["! as the end of a Round Robin group", "a b ! c", "RR(a b) RR(c)"],
  ["% as the end of a Hash group", "a b % c", "Hash(a b) RR(c)"],
  ["each separator for the group to its left", "a % b % c", "Hash(a) Hash(b) RR(c)"],
  ["a trailing % as the type of the last group", "a b %", "Hash(a b) RR()"],
  ["a trailing ! as an empty group behind it", "a !", "RR(a) RR()"],
  ["joined separators as a host", "a !! %%", "RR(a !! %%)"],
  [
    "16 groups with 15 separators",
    Array(16).fill("a").join(" ! "),
    Array(16).fill("RR(a)").join(" "),
  ],
  ["63 operands", Array(63).fill("a").join(" "), `RR(${Array(63).fill("a").join(" ")})`],
];

for (const [name, operands, groups] of GROUPS) {
  Deno.test(`parseGroups() reads ${name}`, () => {
    assertEquals(write(parseGroups(words(operands), OWN, SERVICES)), groups);
  });
}

const METHODS_OF: readonly [name: string, operands: string, wanted: string, first: string][] = [
  ["round robin without --method", "a ! b", "", "rr rr rr"],
  ["one method to every group", "a ! b", "least", "least least least"],
  [
    "methods in order, the last one to all that follow",
    "a ! b",
    "least,random",
    "least random random",
  ],
  ["groups without channels theirs", "", "least,random,rr", "least random rr rr"],
  ["hash to what % closes, without using a method up", "a % b ! c", "least,rr", "hash least rr rr"],
  ["hash to what % closes, between others", "a ! b % c", "least,rr", "least hash rr rr"],
  ["hash by name too", "a ! b", "hash,rr", "hash rr rr"],
];

for (const [name, operands, wanted, first] of METHODS_OF) {
  Deno.test(`groupMethods() gives ${name}`, () => {
    const groups = parseGroups(words(operands), OWN, SERVICES);
    const { methods } = parseOptions(wanted === "" ? ["80"] : [`--method=${wanted}`, "80"]);
    const given = groupMethods(groups, methods);
    const expected = first.split(" ");
    assertEquals(given.slice(0, expected.length).join(" "), first);
    assertEquals(new Set(given.slice(expected.length - 1)).size, 1);
    assertEquals(given.length, 16);
  });
}

const WRONG_GROUPS: readonly [name: string, operands: string, code: number, message: string][] = [
  ["a leading !", "! a", 69, "balance: no channels in group"],
  ["a leading %", "% a", 69, "balance: no channels in group"],
  ["a lonely !", "!", 69, "balance: no channels in group"],
  ["doubled separators", "a ! ! b", 69, "balance: no channels in group"],
  ["the 16th separator", `${Array(16).fill("a").join(" ! ")} !`, 69, "balance: too many groups"],
  ["64 operands", Array(64).fill("a").join(" "), 64, "MAXCHANNELS exceeded..."],
  [
    "64 operands, separators counted, before it looks at them",
    Array(32).fill("! a").join(" "),
    64,
    "MAXCHANNELS exceeded...",
  ],
];

for (const [name, operands, code, message] of WRONG_GROUPS) {
  Deno.test(`parseGroups() refuses ${name} with exit code ${code}`, () => {
    const error = assertThrows(() => parseGroups(operands.split(" "), OWN, SERVICES), ExitError);
    assertEquals([error.code, error.message, error.stream], [code, message, "stderr"]);
  });
}

const PORTS: readonly [text: string, number: number, valid: boolean][] = [
  ["80", 80, true],
  ["smtp", 25, true],
  ["mail", 25, true],
  ["1", 1, true],
  ["65535", 65535, true],
  ["080", 80, true],
  ["12x", 12, false],
  ["-1", -1, false],
];

for (const [text, number, valid] of PORTS) {
  Deno.test(`parsePort() reads "${text}" as ${number}, ${valid ? "" : "not "}to listen on`, () => {
    assertEquals(parsePort(text, SERVICES), { number, valid });
  });
}

for (const text of ["", "0", "x", "tftp", "SMTP", "0x50", "65536", "70000"]) {
  Deno.test(`parsePort() refuses "${text}" with exit code 64`, () => {
    const error = assertThrows(() => parsePort(text, SERVICES), ExitError);
    assertEquals([error.code, error.message], [64, `invalid port [${text}], exiting.`]);
  });
}
