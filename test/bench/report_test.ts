import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "../kit/assert.ts";
import type { Findings } from "./findings.ts";
import { parseTotal } from "./idle_tests.ts";
import { choosePinning } from "./machine.ts";
import { parseBenchOptions, TESTS, UsageError } from "./options.ts";
import { parseCpuList, parseStat } from "./procfs.ts";
import { formatReport } from "./report.ts";
import { fullTableCommands, startOperands } from "./scale_table.ts";
import { parseShow } from "./show_table.ts";
import type { Sample } from "./stats.ts";
import { formatSpread, table } from "./tables.ts";
import { replaceSection } from "./results_file.ts";
import { type Target, verdict } from "./targets.ts";

const NOTHING: Findings = {
  load: [],
  workers: [],
  pairs: [],
  served: [],
  base: [],
  idle: [],
  startup: new Map(),
  show: new Map(),
};

Deno.test("verdict() judges by the median, and never calls a missing value met", () => {
  const target = { test: "keep", title: "", limit: 1, unit: "x" } as const;
  const judge = (measured: Target["measured"]): string => verdict({ ...target, measured });
  assertEquals(judge({ median: 1, min: 0.9, max: 5 }), "met");
  assertEquals(judge({ median: 1.01, min: 0.9, max: 1.1 }), "NOT met");
  assertEquals(judge(undefined), "not measured");
});

Deno.test("formatReport() lists the targets of the tests that were asked for", () => {
  const report = formatReport({ ...NOTHING, startup: new Map([["balance", [30, 50, 31]]]) }, [
    "startup",
    "show",
  ]);
  assertStringIncludes(report, "31.0 [30.0..50.0]");
  assertStringIncludes(report, "not measured");
  assert(!report.includes("bulk"));
});

/** A sample of the latency test with a tail. */
function tail(candidate: string, p999: number, max: number): Sample {
  const cpu = { user: 1, system: 1 };
  const rest = {
    rep: 1,
    units: 15_000,
    rate: 5000,
    errors: 0,
    seconds: 3,
    cpu,
    p50: 200,
    p99: 400,
  };
  return { test: "latency", candidate, ...rest, p999, max };
}

Deno.test("formatReport() shows the tail of the latency and judges it against haproxy", () => {
  const load = [
    tail("balance", 3000, 9000),
    tail("haproxy", 1500, 6000),
    tail("direct", 1000, 2000),
  ];
  const report = formatReport({ ...NOTHING, load }, ["latency"]);
  const cellsOf = (name: string): string[] =>
    report.split("\n").find((line) => line.startsWith(`| ${name}`))?.split("|")
      .map((cell) => cell.trim()) ?? [];
  const head = cellsOf("candidate");
  const cells = (name: string): (string | undefined)[] =>
    ["p99.9 us", "p99.9 added", "p99.9 of balance x this", "max us", "max of balance x this"].map((
      title,
    ) => cellsOf(name)[head.indexOf(title)]);
  assertEquals(cells("haproxy"), ["1500", "500", "2.00", "6000", "1.50"]);
  assertEquals(cells("balance"), ["3000", "2000", "", "9000", ""]);
  assertEquals(cellsOf("latency p99.9").slice(2, 5), ["<= 1.50 x", "2.00", "NOT met"]);
});

Deno.test("formatReport() judges wake-ups and memory of one worker and of two", () => {
  const ours = { candidate: "balance", seconds: 5 };
  const report = formatReport({
    ...NOTHING,
    idle: [{ ...ours, workers: 1, calls: 15 }, { ...ours, workers: 2, calls: 60 }],
    served: [{ candidate: "balance", workers: 2, connections: 9, rss: 102_400, pss: 51_200 }],
  }, ["idle", "served"]);
  assertMatch(report, /ten idle seconds +\| <= 100 calls \| +30\.0 \| +met/);
  assertMatch(report, /ten idle seconds, 2 workers +\| <= 100 calls \| +120\.0 \| +NOT met/);
  assertMatch(report, /short connections, 2 workers +\| +<= 100 MiB \| +100\.0 \| +met/);
  assertMatch(report, /\| balance, 2 workers \| +100\.0 \| +50\.0 \|/);
});

Deno.test("parseTotal() reads the sum of strace -c, with and without errors, and an empty one", () => {
  const head = "% time     seconds  usecs/call     calls    errors syscall\n------ -----------\n";
  assertEquals(
    parseTotal(`${head}100.00    0.001649           7       217           total\n`),
    217,
  );
  assertEquals(
    parseTotal(`${head}100.00    0.001649           7       217        12 total\n`),
    217,
  );
  assertEquals(parseTotal(""), 0);
});

Deno.test("The latency test comes last: it wants programs that have had a spell of connections", () => {
  assertEquals(TESTS.at(-1), "latency");
});

Deno.test("formatSpread() shows no range for a single value", () => {
  assertEquals(formatSpread({ median: 2, min: 2, max: 2 }, 1), "2.0");
  assertEquals(formatSpread({ median: 2, min: 1, max: 3 }, 0), "2 [1..3]");
  assertEquals(formatSpread(undefined, 1), "-");
});

Deno.test("table() aligns numbers to the right", () => {
  assertEquals(table(["a", "b"], [["x", "1"]]), "| a   |   b |\n| --- | --: |\n| x   |   1 |");
});

Deno.test("replaceSection() keeps what is written by hand", () => {
  const first = replaceSection("# Results\n\nA note.\n", "bench", "old");
  const second = replaceSection(`${first}\nAnother note.\n`, "bench", "new");
  const third = replaceSection(second, "scale", "other");
  assertStringIncludes(third, "A note.");
  assertStringIncludes(third, "Another note.");
  assertStringIncludes(third, "new");
  assertStringIncludes(third, "other");
  assert(!third.includes("old"));
});

Deno.test("parseBenchOptions() takes values attached or separate", () => {
  const options = parseBenchOptions(["--only=keep,show", "--reps", "7", "--quick"]);
  assertEquals([options.only, options.reps, options.quick], [["keep", "show"], 7, true]);
  assertEquals(parseBenchOptions([]).only, TESTS);
});

Deno.test("parseBenchOptions() refuses what it does not know and a partial --write", () => {
  for (
    const argv of [["--only", "x"], ["--reps", "0"], ["--reps"], ["-x"], [
      "--write",
      "--only=keep",
    ], ["--write", "--ours=x"]]
  ) assertThrows(() => parseBenchOptions(argv), UsageError);
});

Deno.test("parseStat() is not misled by a process name with blanks and parentheses", () => {
  const fields = Array.from({ length: 50 }, (_, i) => `${i + 4}`).join(" ");
  const stat = parseStat(`42 (a) b (c)) S ${fields}`);
  assertEquals(stat, {
    pid: 42,
    parent: 4,
    userTicks: 14 + 16,
    systemTicks: 15 + 17,
    startTicks: 22,
  });
});

Deno.test("parseCpuList() reads ranges and single cores", () => {
  assertEquals(parseCpuList("0-2,5\n"), [0, 1, 2, 5]);
  assertEquals(parseCpuList(""), []);
});

Deno.test("choosePinning() keeps proxy and load off the same physical core where it can", () => {
  const neighbours = (core: number): number[] => [core & ~1, core | 1];
  assertEquals(choosePinning([0, 1, 2, 3], neighbours)?.load, "2");
  assertEquals(choosePinning([0, 1], neighbours)?.load, "1");
  assertEquals(choosePinning([0], neighbours), undefined);
});

Deno.test("parseShow() reads the rows of the table and nothing else", () => {
  const text =
    "GRP Type  #   S       ip-address  port    c      totalc maxc        sent        rcvd\n" +
    "  1 Hash 10 dis       10.1.1.200   110    2          17   16      123456     7890123\n";
  const row = { group: 1, channel: 10, enabled: false, c: 2, totalc: 17, maxc: 16 };
  assertEquals(parseShow(text), [row]);
});

Deno.test("The full table starts within 63 operands and is filled to 64 channels a group", () => {
  assertEquals(startOperands(1).length, 63);
  const created = fullTableCommands(1).split("\n").filter((line) => line.startsWith("create"));
  assertEquals(created.length + startOperands(1).filter((word) => word !== "!").length, 1024);
});
