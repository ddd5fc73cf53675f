import { expandFiles } from "../../../lib/core/command_line/files.ts";
import { ExitError } from "../../../lib/core/errors.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";

const FILES: Readonly<Record<string, string>> = {
  empty: "# nothing\n",
  web: "-f --drain 5 # options\n8888 'web 1:80' web2:80,weight=2\n",
  hosts: "a\nb ! c\n",
  at: "\"@web\" '@hosts'",
  open: "8888\n'web1",
  nested: "8888\n\n  @hosts\n",
  option: "80 -b",
  over: "80 -- a",
};

function expand(line: string, posix = false): string[] {
  return expandFiles(line.split(" "), posix, (path) => FILES[path] ?? "");
}

const CASES: readonly [name: string, line: string, words: string[]][] = [
  ["a whole command line", "@web", ["-f", "--drain", "5", "8888", "web 1:80", "web2:80,weight=2"]],
  ["options, files and operands mixed", "-a 80 @hosts d", ["-a", "80", "a", "b", "!", "c", "d"]],
  ["several files", "@empty 80 @hosts @hosts", ["80", "a", "b", "!", "c", "a", "b", "!", "c"]],
  ["the value of a letter as no file", "-b @web 80", ["-b", "@web", "80"]],
  ["the value behind a cluster as no file", "-fb @web 80", ["-fb", "@web", "80"]],
  ["an attached value as no file", "-b@web @hosts", ["-b@web", "a", "b", "!", "c"]],
  ["the operand behind an attached value as a file", "-bx @hosts", ["-bx", "a", "b", "!", "c"]],
  ["the value of a long option as no file", "--drain @web 80", ["--drain", "@web", "80"]],
  ["the operand behind a long option's value", "--drain=1 @hosts", [
    "--drain=1",
    "a",
    "b",
    "!",
    "c",
  ]],
  ["the operand behind an option without value", "-f @hosts", ["-f", "a", "b", "!", "c"]],
  ["operands behind --", "-- @hosts", ["--", "a", "b", "!", "c"]],
  ["an option's name behind -- as an operand", "-- -b @hosts", ["--", "-b", "a", "b", "!", "c"]],
  ["an option at the end of a file as taking the next word", "@option @web", ["80", "-b", "@web"]],
  ["-- in a file as the end of all options", "@over -b @hosts", [
    "80",
    "--",
    "a",
    "-b",
    "a",
    "b",
    "!",
    "c",
  ]],
  ["a quoted @ as an ordinary word", "80 @at", ["80", "@web", "@hosts"]],
  ["a lonely @ as an operand", "80 @", ["80", "@"]],
  ["an @ inside a word as nothing special", "80 a@web", ["80", "a@web"]],
];

for (const [name, line, words] of CASES) {
  Deno.test(`expandFiles() reads ${name}`, () => {
    assertEquals(expand(line), words);
  });
}

Deno.test("expandFiles() reads every operand behind the first as one, if that ends the options", () => {
  assertEquals(expand("80 -b @hosts", true), ["80", "-b", "a", "b", "!", "c"]);
  assertEquals(expand("-b @web 80 @hosts", true), ["-b", "@web", "80", "a", "b", "!", "c"]);
});

const FAULTS: readonly [operand: string, message: string][] = [
  ["@open", "balance: @open, line 2: a quote ' that is not closed"],
  [
    "@nested",
    "balance: @nested, line 3: a file inside a file is not read; quote a word that begins with @",
  ],
];

for (const [operand, message] of FAULTS) {
  Deno.test(`expandFiles() refuses ${operand} with exit code 64: ${message}`, () => {
    const error = assertThrows(() => expand(`80 ${operand}`), ExitError);
    assertEquals([error.code, error.message], [64, message]);
  });
}
