import { formatCompletions } from "../../../lib/core/command_line/completions.ts";
import { suggestOperands } from "../../../lib/core/command_line/completion_model.ts";
import { OPTIONS, parseOptions } from "../../../lib/core/command_line/options.ts";
import { SHELLS } from "../../../lib/core/command_line/shell_name.ts";
import { COMMANDS } from "../../../lib/core/control/interpreter.ts";
import { ExitError, UsageError } from "../../../lib/core/errors.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../../kit/assert.ts";

for (const shell of SHELLS) {
  const script = formatCompletions(shell, COMMANDS);

  Deno.test(`completions for ${shell} know every option and every command of the tables`, () => {
    for (const { short, name, summary } of OPTIONS) {
      const dashed = shell === "fish"
        ? short === undefined ? `-l ${name}` : `-s ${short}`
        : short === undefined
        ? `--${name}`
        : `-${short}`;
      const known = new RegExp(`(?<![\\w-])${dashed}(?![\\w-])`).test(script);
      assertEquals(known, summary !== undefined, name);
    }
    for (const { name } of COMMANDS.filter((each) => each.name !== "?")) {
      assertMatch(script, new RegExp(`(?<![\\w-])${name}(?![\\w-])`));
    }
  });

  Deno.test(`completions for ${shell} have filled every gap of their text`, () => {
    assertEquals(/%[A-Z]+%/.test(script), false);
  });

  Deno.test(`completions for ${shell} ask for channels where a command takes one`, () => {
    const live = formatCompletions(shell, [{ name: "drain", operands: "<channel> [<sec>]" }]);
    assertMatch(live, /drain:0[^]{0,9}__balance_live channel 0/);
    const pair = formatCompletions(shell, [{ name: "drain", operands: "<grp> <ch>" }]);
    assertMatch(pair, /drain:1[^]{0,9}__balance_live channel \S*(?:3|previous)/);
  });

  Deno.test(`--completions ${shell} is a mode that takes no operand`, () => {
    const { mode, completions } = parseOptions(["--completions", shell]);
    assertEquals({ mode, completions }, { mode: "completions", completions: shell });
  });
}

Deno.test("operands are words, numbers of what runs, or anything", () => {
  const kinds = suggestOperands("<channel>|all [json] <method> <host> <grp>").map((
    { words, live },
  ) => ({ words: words.slice(0, 2), live }));
  assertEquals(kinds, [
    { words: ["all"], live: "channel" },
    { words: ["json"], live: undefined },
    { words: ["rr", "hash"], live: undefined },
    { words: [], live: undefined },
    { words: [], live: "group" },
  ]);
});

Deno.test("a shell that is not known is refused in one line", () => {
  const refused = assertThrows(() => parseOptions(["--completions", "csh"]), ExitError);
  assert(!(refused instanceof UsageError));
  assertEquals(refused.code, 64);
  assertEquals(refused.message, 'balance: --completions takes bash, zsh or fish, not "csh"');
});
