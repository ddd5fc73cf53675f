/** Which engine relays, as the command line says it. */
import { assertEquals, assertThrows } from "../../kit/assert.ts";
import { parseOptions } from "../../../lib/core/command_line/options.ts";
import { nativeOptions } from "../../../lib/core/command_line/engine_option.ts";
import { ExitError } from "../../../lib/core/errors.ts";

Deno.test("--engine takes deno, native or auto, and is deno unless told", () => {
  assertEquals(parseOptions(["80"]).engine, "deno");
  for (const name of ["deno", "native", "auto"] as const) {
    assertEquals(parseOptions(["--engine", name, "80"]).engine, name);
  }
  const error = assertThrows(() => parseOptions(["--engine=c", "80"]), ExitError);
  assertEquals(
    [error.code, error.message],
    [64, 'balance: --engine takes deno, native or auto, not "c"'],
  );
});

const NEEDY: readonly [words: string[], named: string][] = [
  [["--keepalive=10,5,3"], "--keepalive"],
  [["--user-timeout=30"], "--user-timeout"],
  [["--when-down=reset"], "--when-down reset"],
];

for (const [words, named] of NEEDY) {
  Deno.test(`${named} needs the native engine, and the refusal names it`, () => {
    const error = assertThrows(() => parseOptions([...words, "80"]), ExitError);
    assertEquals([error.code, error.message], [64, `balance: ${named} needs --engine native`]);
    for (const engine of ["native", "auto"]) {
      const options = parseOptions([...words, `--engine=${engine}`, "80"]);
      assertEquals(nativeOptions(options), [named]);
    }
  });
}

Deno.test("what --keepalive and --user-timeout say is read", () => {
  const { timeouts } = parseOptions([
    ...["--engine=native", "--keepalive", "60,10,3", "--user-timeout", "20", "80"],
  ]).edge;
  assertEquals(timeouts, { probes: { idle: 60, interval: 10, count: 3 }, userTimeout: 20 });
});
