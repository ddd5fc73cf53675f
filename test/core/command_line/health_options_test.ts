import { exchangeOf, type HealthOptions } from "../../../lib/core/command_line/health_options.ts";
import { parseOptions } from "../../../lib/core/command_line/options.ts";
import { ExitError, UsageError } from "../../../lib/core/errors.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";

function health(...words: string[]): HealthOptions {
  return parseOptions([...words, "80", "h"]).health;
}

const NONE: HealthOptions = {
  check: { kind: "off" },
  send: undefined,
  expect: undefined,
  intervalSeconds: 2,
  timeoutSeconds: 1,
  rule: { rise: 2, fall: 3 },
  eject: 0,
  slowStartSeconds: 0,
  cutDown: false,
  whenDown: undefined,
};

const WHOLE: Partial<HealthOptions> = { check: { kind: "tcp" }, eject: 3, slowStartSeconds: 10 };
const PING = new TextEncoder().encode("PING\r\n");
const PONG = new TextEncoder().encode("+PONG");

const GOOD: readonly [words: string, wanted: Partial<HealthOptions>][] = [
  ["", {}],
  ["--check tcp", { check: { kind: "tcp" } }],
  ["--check http:/up?x=1", { check: { kind: "http", path: "/up?x=1" } }],
  ["--check off", {}],
  [String.raw`--check-send PING\r\n --check-expect +PONG`, {
    check: { kind: "tcp" },
    send: PING,
    expect: PONG,
  }],
  ["--check tcp --check-expect +PONG", { check: { kind: "tcp" }, expect: PONG }],
  ["--check-interval 0.1 --check-timeout 0.25", { intervalSeconds: 0.1, timeoutSeconds: 0.25 }],
  ["--check-rise 1 --check-fall 100", { rule: { rise: 1, fall: 100 } }],
  ["--eject 1", { eject: 1 }],
  ["--eject 0", {}],
  ["--slow-start 0.5", { slowStartSeconds: 0.5 }],
  ["--cut-down", { cutDown: true }],
  ["--when-down try", { whenDown: "try" }],
  ["--when-down close", { whenDown: "close" }],
  ["--when-down refuse", { whenDown: "refuse" }],
  ["--health", WHOLE],
  ["--eject 5 --health", { ...WHOLE, eject: 5 }],
  ["--health --check off --slow-start 0", { eject: 3 }],
  ["--health --check http:/", { ...WHOLE, check: { kind: "http", path: "/" } }],
];

for (const [words, wanted] of GOOD) {
  Deno.test(`parseOptions() reads the health of "${words}"`, () => {
    assertEquals(health(...words.split(" ").filter((word) => word !== "")), { ...NONE, ...wanted });
  });
}

const BAD: readonly [words: readonly string[], complaint: string][] = [
  [["--check", "udp"], '--check takes tcp, http:/PATH or off, not "udp"'],
  [["--check", "http:"], '--check takes tcp, http:/PATH or off, not "http:"'],
  [["--check", "http:/a b"], '--check takes tcp, http:/PATH or off, not "http:/a b"'],
  [["--check", ""], '--check takes tcp, http:/PATH or off, not ""'],
  [["--check", "tcp\x1b"], '--check takes tcp, http:/PATH or off, not "tcp\\x1b"'],
  [
    ["--check-send", "a\\q"],
    "--check-send takes text with the escapes \\r \\n \\t \\0 \\\\ \\xHH \\ooo, " +
    'not "a\\q"',
  ],
  [["--check-expect", ""], "--check-expect takes 1 to 4096 bytes, not 0"],
  [["--check-expect", "x".repeat(4097)], "--check-expect takes 1 to 4096 bytes, not 4097"],
  [
    ["--check", "http:/", "--check-send", "x"],
    "--check-send and --check-expect go with --check tcp",
  ],
  [
    ["--check", "off", "--check-expect", "x"],
    "--check-send and --check-expect go with --check tcp",
  ],
  [["--check-interval", "0"], '--check-interval takes seconds from 0.1 to 86400, not "0"'],
  [["--check-interval", "1s"], '--check-interval takes seconds from 0.1 to 86400, not "1s"'],
  [["--check-interval", "1e3"], '--check-interval takes seconds from 0.1 to 86400, not "1e3"'],
  [["--check-interval", "-1"], '--check-interval takes seconds from 0.1 to 86400, not "-1"'],
  [["--check-interval", "86401"], '--check-interval takes seconds from 0.1 to 86400, not "86401"'],
  [["--check-timeout", ".5"], '--check-timeout takes seconds from 0.1 to 86400, not ".5"'],
  [["--check-rise", "0"], '--check-rise takes a number from 1 to 100, not "0"'],
  [["--check-rise", "1.5"], '--check-rise takes a number from 1 to 100, not "1.5"'],
  [["--check-fall", "101"], '--check-fall takes a number from 1 to 100, not "101"'],
  [["--eject", "many"], '--eject takes a number from 0 to 1000, not "many"'],
  [["--eject", "1001"], '--eject takes a number from 0 to 1000, not "1001"'],
  [["--slow-start", ""], '--slow-start takes seconds from 0 to 86400, not ""'],
  [["--when-down", "panic"], '--when-down takes try, close, refuse or reset, not "panic"'],
  [["--when-down", "reset"], "--when-down reset needs --engine native"],
  [["--health=yes"], "option --health takes no value"],
  [["--check-interval"], "option --check-interval requires an argument"],
];

for (const [words, complaint] of BAD) {
  Deno.test(`parseOptions() refuses ${words.join(" ").slice(0, 60)}`, () => {
    // Behind the operands, so that the last option can lack its value.
    const error = assertThrows(() => parseOptions(["80", "h", ...words]), ExitError);
    assertEquals([error.message, error.code], [`balance: ${complaint}`, 64]);
  });
}

Deno.test("--try is a mode of its own, and needs a port", () => {
  assertEquals(parseOptions(["--try", "80", "h"]).mode, "try");
  assertThrows(() => parseOptions(["--try"]), UsageError);
});

Deno.test("a channel's check stands in place of everything that the options say", () => {
  const options = health("--check-send", "x", "--check-expect", "y");
  const name = (check?: string): string | undefined =>
    exchangeOf(options, check === undefined ? {} : { check }, { host: "h", port: 80 })?.name;
  assertEquals([name(), name("tcp"), name("http:/"), name("off")], [
    "dialogue",
    "tcp",
    "http",
    undefined,
  ]);
});
