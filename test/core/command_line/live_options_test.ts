import {
  changeOption,
  formatLiveOption,
  formatLiveOptions,
  LIVE_OPTIONS,
} from "../../../lib/core/command_line/live_options.ts";
import { OPTIONS } from "../../../lib/core/command_line/options.ts";
import { assert, assertEquals } from "../../kit/assert.ts";

interface Change {
  readonly given: string;
  /** Name and value. */
  readonly set: readonly [name: string, value: string];
  /** The words that come of it, or what is wrong. */
  readonly gives: string;
}

const CHANGES: readonly Change[] = [
  { given: "", set: ["deny", "10.0.0.0/8"], gives: "--deny 10.0.0.0/8" },
  { given: "--deny ::1 -f", set: ["deny", "10.0.0.0/8"], gives: "-f --deny 10.0.0.0/8" },
  { given: "--deny ::1 -f", set: ["deny", "off"], gives: "-f" },
  { given: "-f", set: ["deny", "off"], gives: "-f" },
  { given: "--max-conns 5", set: ["max-conns", "0"], gives: "" },
  { given: "--queue 5:5", set: ["queue", "0"], gives: "" },
  { given: "--health", set: ["eject", "0"], gives: "--health --eject 0" },
  { given: "--health", set: ["check", "off"], gives: "--health --check off" },
  { given: "-t 5", set: ["connect-timeout", "7"], gives: "-t 7" },
  { given: "-a", set: ["autodisable", "off"], gives: "" },
  { given: "", set: ["autodisable", "on"], gives: "-a" },
  { given: "", set: ["cut-down", "on"], gives: "--cut-down" },
  // A value that looks like the option is left alone.
  {
    given: "--check-send --deny --deny ::1",
    set: ["deny", "off"],
    gives: "--check-send --deny",
  },
  {
    given: "",
    set: ["max-conns", "many"],
    gives: '--max-conns takes a number from 1 to 1000000, not "many"',
  },
  { given: "", set: ["cut-down", "maybe"], gives: '--cut-down takes on or off, not "maybe"' },
  {
    given: "",
    set: ["when-down", "run"],
    gives: '--when-down takes try, close, refuse or reset, not "run"',
  },
  { given: "", set: ["denny", "::1"], gives: "no option denny; did you mean deny?" },
  { given: "", set: ["x", "::1"], gives: "no option x" },
  { given: "", set: ["workers", "2"], gives: "option workers cannot be changed while running" },
  {
    given: "--check http:/",
    set: ["check-send", "x"],
    gives: "--check-send and --check-expect go with --check tcp",
  },
];

for (const { given, set: [name, value], gives } of CHANGES) {
  Deno.test(`set ${name} ${value} makes ${JSON.stringify(given)} to ${JSON.stringify(gives)}`, () => {
    const words = given.split(" ").filter((word) => word !== "");
    const live = changeOption(words, "8888", name, value);
    assertEquals(typeof live === "string" ? live : live.given.join(" "), gives);
  });
}

Deno.test("what is changed is what the options then say", () => {
  const live = changeOption(["--max-conns", "5"], "8888", "queue", "10:5");
  assert(typeof live !== "string");
  const { maxClients, queue } = live.options.edge;
  assertEquals([maxClients, queue], [5, { most: 10, seconds: 5 }]);
});

Deno.test("options are printed as they are typed, and the names of the others", () => {
  const [first, second, ...rest] = formatLiveOptions(["-f", "--deny", "::1", "-t", "7"]);
  assertEquals([first, second, rest.length], ["-t 7", "--deny ::1", 1]);
  assert(rest[0]?.startsWith("not given: autodisable hash-failover idle-timeout "), rest[0]);
  assertEquals(formatLiveOption(["--deny", "::1"], "deny"), "--deny ::1");
  assertEquals(formatLiveOption(["--deny", "::1"], "allow"), "--allow is off");
});

Deno.test("every name is that of an option", () => {
  assertEquals(LIVE_OPTIONS.filter((name) => !OPTIONS.some((each) => each.name === name)), []);
});
