import { formatHelp, USAGE } from "../../../lib/core/command_line/help.ts";
import { OPTIONS, type Options, parseOptions } from "../../../lib/core/command_line/options.ts";
import { ExitError, UsageError } from "../../../lib/core/errors.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../../kit/assert.ts";

interface Case {
  readonly name: string;
  readonly argv: readonly string[];
  readonly posix?: boolean;
  readonly wanted: Partial<Options>;
}

const CASES: readonly Case[] = [
  {
    name: "takes a port alone: no destination is legal",
    argv: ["80"],
    wanted: { mode: "serve", port: "80", destinations: [], foreground: false },
  },
  {
    name: "has the classic's defaults",
    argv: ["80", "h"],
    wanted: {
      bind: undefined,
      source: undefined,
      connectTimeout: 5,
      idleTimeout: 0,
      workers: 1,
      methods: [],
      loadBound: undefined,
      resolve: 30,
      dns: undefined,
      startUnresolved: false,
      drain: undefined,
      runDir: undefined,
      logFile: undefined,
      autodisable: false,
      debug: false,
      hashFailover: false,
      packetdump: false,
      ipv6: false,
      logConnections: false,
      backgroundChild: false,
    },
  },
  {
    name: "takes all flags in one cluster",
    argv: ["-adfpHM6", "80"],
    wanted: {
      autodisable: true,
      debug: true,
      foreground: true,
      packetdump: true,
      hashFailover: true,
      ipv6: true,
    },
  },
  { name: "takes an attached value", argv: ["-t3", "80"], wanted: { connectTimeout: 3 } },
  { name: "takes a separate value", argv: ["-t", "3", "80"], wanted: { connectTimeout: 3 } },
  {
    name: "takes a value attached to a cluster",
    argv: ["-ft3", "80"],
    wanted: { foreground: true, connectTimeout: 3 },
  },
  {
    name: "takes the next word as the value at the end of a cluster",
    argv: ["-fT", "7", "80"],
    wanted: { foreground: true, idleTimeout: 7, port: "80" },
  },
  {
    name: "takes the rest of a cluster as value, letters of flags too",
    argv: ["-bf", "80"],
    wanted: { bind: "f", foreground: false },
  },
  {
    name: "takes a value that begins with a dash",
    argv: ["-b", "-f", "80"],
    wanted: { bind: "-f", foreground: false },
  },
  {
    name: "takes two dashes as a value",
    argv: ["-b", "--", "80"],
    wanted: { bind: "--", port: "80" },
  },
  {
    name: "takes options behind operands",
    argv: ["80", "host", "-f", "host2"],
    wanted: { port: "80", destinations: ["host", "host2"], foreground: true },
  },
  {
    name: "ends the options at two dashes",
    argv: ["-f", "--", "-1", "-f", "--"],
    wanted: { port: "-1", destinations: ["-f", "--"], foreground: true },
  },
  {
    name: "takes a single dash as an operand",
    argv: ["80", "-"],
    wanted: { destinations: ["-"] },
  },
  {
    name: "ends the options at the first operand with POSIXLY_CORRECT",
    argv: ["-f", "80", "host", "-d"],
    posix: true,
    wanted: { destinations: ["host", "-d"], foreground: true, debug: false },
  },
  { name: "takes -F as -f", argv: ["-F", "80"], wanted: { foreground: true } },
  {
    name: "lets the last of repeated values win",
    argv: ["-t1", "-t2", "80"],
    wanted: {
      connectTimeout: 2,
    },
  },
  {
    name: "lets the last of repeated commands win",
    argv: ["-c", "show", "-c", "version", "80"],
    wanted: { mode: "command", command: "version" },
  },
  {
    name: "prefers -c to -i",
    argv: ["-i", "-c", "show", "80"],
    wanted: { mode: "command", command: "show" },
  },
  {
    name: "takes an empty command",
    argv: ["-c", "", "80"],
    wanted: {
      mode: "command",
      command: "",
    },
  },
  {
    name: "takes a command with a long option's look",
    argv: ["-c", "--help", "80"],
    wanted: { mode: "command", command: "--help" },
  },
  {
    name: "takes a command with equals signs and line ends",
    argv: ["-c", "a=b\nc=d", "80"],
    wanted: { command: "a=b\nc=d" },
  },
  {
    name: "takes an attached command",
    argv: ["-cshow", "80"],
    wanted: {
      command: "show",
      port: "80",
    },
  },
  {
    name: "keeps an equals sign in an attached value",
    argv: ["-b=x", "80"],
    wanted: {
      bind: "=x",
    },
  },
  { name: "takes an empty bind address", argv: ["-b", "", "80"], wanted: { bind: "" } },
  {
    name: "ignores serving options with -c",
    argv: ["-af", "-p", "-H6", "-t9", "-c", "show", "80"],
    wanted: { mode: "command", port: "80" },
  },
  {
    name: "reads seconds as atoi does: trailing text is ignored",
    argv: ["-t3x", "-T7.5", "80"],
    wanted: { connectTimeout: 3, idleTimeout: 7 },
  },
  {
    name: "keeps operands that look like other numbers as they were typed",
    argv: ["080", "0x7f.1", "1e3", "true"],
    wanted: { port: "080", destinations: ["0x7f.1", "1e3", "true"] },
  },
  {
    name: "keeps operands with strange names",
    argv: ["80", "__proto__", "constructor", ""],
    wanted: { destinations: ["__proto__", "constructor", ""] },
  },
  {
    name: "leaves the group separators alone",
    argv: ["80", "a", "!", "b", "%"],
    wanted: { destinations: ["a", "!", "b", "%"] },
  },
  {
    name: "takes long options with and without an equals sign",
    argv: ["--workers", "2", "--drain=30", "--run-dir", "/x", "--log-file=/y", "80"],
    wanted: { workers: 2, drain: 30, runDir: "/x", logFile: "/y", port: "80" },
  },
  { name: "takes auto workers as 0", argv: ["--workers=auto", "80"], wanted: { workers: 0 } },
  { name: "takes up to 64 workers", argv: ["--workers=64", "80"], wanted: { workers: 64 } },
  {
    name: "takes one method",
    argv: ["--method", "least", "80"],
    wanted: { methods: ["least"] },
  },
  {
    name: "takes a method for each group",
    argv: ["--method=rr,hash,least,random,rendezvous,rr", "80"],
    wanted: { methods: ["rr", "hash", "least", "random", "rendezvous", "rr"] },
  },
  {
    name: "lets the last of repeated methods win",
    argv: ["--method=least", "--method=rr", "80"],
    wanted: { methods: ["rr"] },
  },
  {
    name: "takes a load bound of 100 percent and more",
    argv: ["--load-bound=100", "80"],
    wanted: { loadBound: 100 },
  },
  {
    name: "takes a large load bound",
    argv: ["--load-bound", "1250", "80"],
    wanted: { loadBound: 1250 },
  },
  {
    name: "takes the options of names",
    argv: ["--resolve=5", "--dns", "192.0.2.53:5353", "--start-unresolved", "80"],
    wanted: {
      resolve: 5,
      dns: { family: "ipv4", address: 0xc0000235, port: 5353, text: "192.0.2.53" },
      startUnresolved: true,
    },
  },
  { name: "takes one look-up for good", argv: ["--resolve=0", "80"], wanted: { resolve: 0 } },
  { name: "takes a look-up a day", argv: ["--resolve=86400", "80"], wanted: { resolve: 86400 } },
  { name: "takes a drain of 0 seconds", argv: ["--drain", "0", "80"], wanted: { drain: 0 } },
  { name: "asks for help without a port", argv: ["--help"], wanted: { mode: "help" } },
  {
    name: "asks for the version without a port",
    argv: ["--version"],
    wanted: {
      mode: "version",
    },
  },
];

for (const { name, argv, posix, wanted } of CASES) {
  Deno.test(`parseOptions() ${name}`, () => {
    const options: Partial<Options> = parseOptions(argv, posix);
    const names = Object.keys(wanted) as (keyof Options)[];
    assertEquals(Object.fromEntries(names.map((key) => [key, options[key]])), { ...wanted });
  });
}

const METHOD_COMPLAINT =
  "balance: --method takes rr, hash, least, random or rendezvous, or several with commas, not ";

const WRONG: readonly { name: string; argv: readonly string[]; complaint: string }[] = [
  { name: "no operand", argv: [], complaint: "" },
  { name: "no port behind the options", argv: ["-f"], complaint: "" },
  { name: "-i without a port", argv: ["-i"], complaint: "" },
  { name: "-i with two operands", argv: ["-i", "80", "x"], complaint: "" },
  { name: "-c without a port", argv: ["-c", "show"], complaint: "" },
  { name: "-c with unquoted words", argv: ["-c", "disable", "0", "80"], complaint: "" },
  { name: "-t 0", argv: ["-t", "0", "80"], complaint: "" },
  { name: "-T 0", argv: ["-T", "0", "80"], complaint: "" },
  { name: "-t with text", argv: ["-t", "abc", "80"], complaint: "" },
  { name: "-T below 0", argv: ["-T", "-3", "80"], complaint: "" },
  { name: "an empty -t", argv: ["-t", "", "80"], complaint: "" },
  { name: "a wrong -t with -c too", argv: ["-t0", "-c", "show", "80"], complaint: "" },
  { name: "an unknown letter", argv: ["-x", "80"], complaint: "balance: invalid option -- 'x'" },
  {
    name: "an unknown letter in a cluster",
    argv: ["-fz", "80"],
    complaint: "balance: invalid option -- 'z'",
  },
  { name: "-h", argv: ["-h"], complaint: "balance: invalid option -- 'h'" },
  { name: "-V", argv: ["-V"], complaint: "balance: invalid option -- 'V'" },
  {
    name: "a missing value",
    argv: ["80", "-t"],
    complaint: "balance: option requires an argument -- 't'",
  },
  {
    name: "a missing value in a cluster",
    argv: ["80", "-fb"],
    complaint: "balance: option requires an argument -- 'b'",
  },
  {
    name: "an unknown long option",
    argv: ["--foo"],
    complaint: "balance: no option --foo; see --help",
  },
  {
    name: "a mistyped long option",
    argv: ["--wrkers=2", "80"],
    complaint: "balance: no option --wrkers; did you mean --workers?",
  },
  {
    name: "a long option that nobody may type",
    argv: ["--background-chil"],
    complaint: "balance: no option --background-chil; see --help",
  },
  {
    name: "an unknown long option that could drive a terminal",
    argv: ["--\x1b[2J"],
    complaint: "balance: no option --\\x1b[2J; see --help",
  },
  {
    name: "the long name of a letter",
    argv: ["--foreground", "80"],
    complaint: "balance: no option --foreground; it is -f",
  },
  {
    name: "--list with a port",
    argv: ["--list", "80"],
    complaint: "balance: --list takes no port",
  },
  {
    name: "--json alone",
    argv: ["--json", "80"],
    complaint: "balance: --json goes with --list",
  },
  {
    name: "a value for a long flag",
    argv: ["--help=1"],
    complaint: "balance: option --help takes no value",
  },
  {
    name: "a long option without its value",
    argv: ["80", "--drain"],
    complaint: "balance: option --drain requires an argument",
  },
  {
    name: "no worker",
    argv: ["--workers", "0", "80"],
    complaint: "balance: --workers takes a number from 1 to 64, or auto",
  },
  {
    name: "65 workers",
    argv: ["--workers=65", "80"],
    complaint: "balance: --workers takes a number from 1 to 64, or auto",
  },
  {
    name: "a drain of text",
    argv: ["--drain=soon", "80"],
    complaint: "balance: --drain takes a number of seconds",
  },
  {
    name: "an unknown method",
    argv: ["--method=leats", "80"],
    complaint: `${METHOD_COMPLAINT}'leats'`,
  },
  {
    name: "an empty method",
    argv: ["--method=", "80"],
    complaint: `${METHOD_COMPLAINT}''`,
  },
  {
    name: "an empty method at the end of a list",
    argv: ["--method=rr,", "80"],
    complaint: `${METHOD_COMPLAINT}''`,
  },
  {
    name: "a method with a blank",
    argv: ["--method=rr, least", "80"],
    complaint: `${METHOD_COMPLAINT}' least'`,
  },
  {
    name: "a method in capitals",
    argv: ["--method=RR", "80"],
    complaint: `${METHOD_COMPLAINT}'RR'`,
  },
  {
    name: "a load bound below 100",
    argv: ["--load-bound=99", "80"],
    complaint: "balance: --load-bound takes a percentage of 100 or more, not '99'",
  },
  {
    name: "a load bound of text",
    argv: ["--load-bound=much", "80"],
    complaint: "balance: --load-bound takes a percentage of 100 or more, not 'much'",
  },
  {
    name: "a load bound with a percent sign",
    argv: ["--load-bound=150%", "80"],
    complaint: "balance: --load-bound takes a percentage of 100 or more, not '150%'",
  },
  {
    name: "a load bound with decimals",
    argv: ["--load-bound=125.5", "80"],
    complaint: "balance: --load-bound takes a percentage of 100 or more, not '125.5'",
  },
  {
    name: "a negative load bound",
    argv: ["--load-bound=-200", "80"],
    complaint: "balance: --load-bound takes a percentage of 100 or more, not '-200'",
  },
  {
    name: "an empty load bound",
    argv: ["--load-bound=", "80"],
    complaint: "balance: --load-bound takes a percentage of 100 or more, not ''",
  },
  {
    name: "a method that could drive a terminal",
    argv: ["--method=\x1b[2J", "80"],
    complaint: `${METHOD_COMPLAINT}'\\x1b[2J'`,
  },
  {
    name: "an empty run dir",
    argv: ["--run-dir=", "80"],
    complaint: "balance: --run-dir takes a name",
  },
  {
    name: "an empty log file",
    argv: ["--log-file", "", "80"],
    complaint: "balance: --log-file takes a name",
  },
];

for (const { name, argv, complaint } of WRONG) {
  Deno.test(`parseOptions() refuses ${name} with exit code 64`, () => {
    const error = assertThrows(() => parseOptions(argv), UsageError);
    assertEquals([error.code, error.message], [64, complaint]);
  });
}

const ADDRESS = "an address, with a port if it is not 53, like 192.0.2.53 or [2001:db8::53]:5353";

const ONE_LINE: readonly [argv: string, line: string][] = [
  ["--resolve=soon 80", '--resolve takes a number of seconds from 0 to 86400, not "soon"'],
  ["--resolve=-1 80", '--resolve takes a number of seconds from 0 to 86400, not "-1"'],
  ["--resolve=1.5 80", '--resolve takes a number of seconds from 0 to 86400, not "1.5"'],
  ["--resolve=86401 80", '--resolve takes a number of seconds from 0 to 86400, not "86401"'],
  ["--resolve= 80", '--resolve takes a number of seconds from 0 to 86400, not ""'],
  [
    "--resolve=0 --start-unresolved 80",
    '--resolve takes 1 second or more with --start-unresolved, not "0"',
  ],
  ["--dns=ns.example 80", `--dns takes ${ADDRESS}, not "ns.example"`],
  ["--dns=1.2.3.4:x 80", `--dns takes ${ADDRESS}, not "1.2.3.4:x"`],
  ["--dns=\x1b 80", `--dns takes ${ADDRESS}, not "\\x1b"`],
];

for (const [argv, line] of ONE_LINE) {
  Deno.test(`parseOptions() refuses ${JSON.stringify(argv)} in one line, with exit code 64`, () => {
    const error = assertThrows(() => parseOptions(argv.split(" ")), ExitError);
    assertEquals([error.code, error.message], [64, `balance: ${line}`]);
    assertEquals(error instanceof UsageError, false);
  });
}

Deno.test("formatHelp() names every option that a user can type, and every command", () => {
  const help = formatHelp(["show", "kill"]);
  for (const { short, name, summary } of OPTIONS) {
    if (summary === undefined) continue;
    assertStringIncludes(help, `  ${short === undefined ? `--${name}` : `-${short}`}`);
    assertStringIncludes(help, summary);
  }
  assertStringIncludes(help, USAGE);
  assertStringIncludes(help, "show, kill");
  assertEquals(help.includes("background-child"), false);
});

Deno.test("formatHelp() fits into 80 columns", () => {
  assertEquals(formatHelp([]).split("\n").filter((line) => line.length > 80), []);
});

Deno.test("--top is a mode of its own, and takes the port alone", () => {
  assertEquals(parseOptions(["--top", "80"]).mode, "top");
  assertThrows(() => parseOptions(["--top"]), UsageError);
  assertThrows(() => parseOptions(["--top", "80", "h"]), UsageError);
});
