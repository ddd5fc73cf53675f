/**
 * The documents say what the code does, no more and no less.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { COMMANDS } from "../lib/core/control/interpreter.ts";
import { EXIT } from "../lib/core/errors.ts";
import { formatHelp } from "../lib/core/command_line/help.ts";
import { OPTIONS, type OptionSpec } from "../lib/core/command_line/options.ts";
import { metricFamilies } from "../lib/core/report/metric_families.ts";
import { metricsView } from "./watch/fake_view.ts";
import { parseIpv6 } from "../lib/core/net/address.ts";
import { GRANTS } from "../lib/system/permissions.ts";
import { assert, assertEquals, assertGreater, assertStringIncludes } from "./kit/assert.ts";
import { tableOf } from "./kit/markdown.ts";
import { needing, program } from "./kit/needs.ts";
import { slowHash, slowScore } from "./kit/slow_rendezvous.ts";
import config from "../deno.json" with { type: "json" };
import map from "../lib/imports.json" with { type: "json" };

const root = new URL("../", import.meta.url);
const manual = read("man/balance.1");
const security = read("SECURITY.md");
const tests = read("test/README.md");
const release = read(".ci/README.md");
const house = read("lib/README.md");
const changelog = read("CHANGELOG.md");
const help = formatHelp(COMMANDS.map(({ name }) => name));

/** Options that are for users: internal ones have no summary. */
const options = OPTIONS.filter(({ summary }) => summary !== undefined);

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, root));
}

/** The lines of a section of the manual page. */
function section(name: string): string[] {
  const [, text = ""] = manual.split(`\n.Sh ${name}\n`);
  return text.split(/\n\.Sh /, 1)[0]?.trimEnd().split("\n") ?? [];
}

/** The heads of the list in a section, for the lines that begin with a macro. */
function heads(name: string, macro: string): string[] {
  const start = `.It ${macro}`;
  return section(name).filter((line) => line.startsWith(start)).map((line) =>
    line.slice(start.length).trim()
  );
}

/** How an option is typed: letters with `-`, a name with `--`. */
function spellings({ short, aliases, name }: OptionSpec): string[] {
  if (short === undefined) return [`--${name}`];
  return [short, ...(aliases ?? "")].map((letter) => `-${letter}`);
}

/** What is typed, and what its value is called, from the head of an option in the manual page. */
function parseHead(head: string): { typed: string[]; value: string } {
  const [flags = "", ...values] = head.split(/ (?=Ar |Cm )/);
  return {
    typed: flags.split(" , ").map((flag) => `-${flag}`),
    value: values.join(" ").replace(/\b(Ar|Cm) /g, "").replaceAll(" ", ""),
  };
}

/** Text of the manual page as plain words: macros become what they print. */
function mdocWords(lines: readonly string[]): string {
  return words(
    lines.map((line) => {
      const [, macro, rest = ""] = /^\.(\w+)(?: (.*))?$/.exec(line) ?? [];
      const text = rest.replaceAll('"', "").replace(/ ([.,;:])$/, "$1");
      if (macro === undefined) return line;
      return macro === "Fl" ? `-${text}` : macro === "Nm" ? `balance${text}` : text;
    }).join(" "),
  );
}

function words(text: string): string {
  return text.split(/\s+/).filter((word) => word !== "").join(" ");
}

/** The differences in the manual page: heading to text. */
function manualDifferences(): [string, string][] {
  const [, list = ""] = section("DIFFERENCES").join("\n").split("\n.Bl -tag -width Ds\n");
  return list.replace(/\n\.El$/, "").split(/^\.It Sy /m).slice(1).map((item) => {
    const [head = "", ...lines] = item.trimEnd().split("\n");
    return [head, mdocWords(lines)];
  });
}

/** The differences in the changelog: heading to text. */
function changelogDifferences(): [string, string][] {
  const [, text = ""] = changelog.split("### Differs from balance 3.54\n");
  return text.split(/\n##/, 1)[0]?.split(/^- /m).slice(1).map((item): [string, string] => {
    const [, head = "", rest = ""] = /^\*\*(.*?)\.\*\*([^]*)$/.exec(item) ?? [];
    return [words(head), words(rest.replaceAll("`", ""))];
  }) ?? [];
}

Deno.test("the manual page describes exactly the options that the code has", () => {
  const described = heads("OPTIONS", "Fl").map(parseHead);
  const known = options.map((option) => ({
    typed: spellings(option),
    value: option.value ?? "",
  }));
  assertEquals(described, known);
});

Deno.test("the manual page's synopsis has every option of the code and no other", () => {
  const synopsis = section("SYNOPSIS").join("\n");
  const long = [...synopsis.matchAll(/ -([a-z-]+)/g)].map(([, name]) => `--${name}`);
  const short = [...synopsis.matchAll(/Fl ([a-zA-Z6]+)/g)].flatMap(([, letters = ""]) =>
    [...letters].map((letter) => `-${letter}`)
  );
  assertEquals(
    [...new Set([...short, ...long])].toSorted(),
    options.flatMap(spellings).toSorted(),
  );
});

Deno.test("the manual page's scores of rendezvous are what its formula gives", () => {
  const rows = section("METHODS").map((line) => line.split(/ {2,}/)).filter((row) =>
    /^[0-9a-f]{16}$/.test(row[3] ?? "")
  );
  assertGreater(rows.length, 0);
  for (const [client = "", name = "", weight, mixed, score] of rows) {
    const address = parseIpv6(client) ?? new Uint8Array();
    assertEquals(slowHash(address, name).toString(16).padStart(16, "0"), mixed);
    assertEquals(slowScore(address, name, Number(weight)).toFixed(12), score);
  }
});

Deno.test("--help lists exactly the options that the code has", () => {
  const lines = help.split("\n").filter((line) => /^ {2}-/.test(line));
  const listed = lines.map((line) => (/^(?:-\S,? )*-\S+/.exec(line.trim())?.[0] ?? "").split(", "));
  assertEquals(listed.toSorted(), options.map(spellings).toSorted());
});

Deno.test("the manual page describes exactly the commands that the code has", () => {
  const described = heads("COMMANDS", "Ic").map((head) => {
    const words = head.replace("\\&", "").replaceAll(/ (?:Ar|Cm) /g, " ");
    const [name = "", ...operands] = words.split(" ");
    return { name, operands: operands.length };
  });
  const known = COMMANDS.map(({ name, operands }) => ({
    name,
    operands: operands === "" ? 0 : operands.split(" ").length,
  }));
  assertEquals(described, known);
});

Deno.test("--help lists exactly the commands that the code has", () => {
  const [, list = ""] = /^shell commands.*?:((?:\n .*)+)/m.exec(help) ?? [];
  assertEquals(list.trim().split(/,\s+/), COMMANDS.map(({ name }) => name));
});

Deno.test("the manual page has exactly the exit codes of the code", () => {
  const described = heads("EXIT STATUS", "").filter((code) => code !== "128+n").map(Number);
  assertEquals(described, Object.values(EXIT).toSorted((a, b) => a - b));
});

Deno.test("the manual page has exactly the metrics of the code", () => {
  const figures = { cpuSeconds: 0, residentBytes: 0, heapBytes: 0, startedSeconds: 0 };
  const names = [...metricFamilies(metricsView(), figures)].map(({ name }) => name);
  assertEquals(heads("WATCHING", "Li"), names);
});

Deno.test("the table of permissions is that of the code", () => {
  const rows = tableOf(security, "permission", "why", "what remains once the instance listens");
  assertEquals(rows, GRANTS.map(({ flag, reason, remains }) => [`\`${flag}\``, reason, remains]));
});

Deno.test("the list of tasks is that of deno.json", () => {
  const rows = tableOf(tests, "task", "what it does").map(([task = ""]) => task.slice(1, -1));
  const known = Object.keys(config.tasks).map((name) => `deno task ${name}`);
  assertEquals(rows.toSorted(), known.toSorted());
});

Deno.test("every link from a document to another one leads somewhere", () => {
  const documents = ["README.md", "SECURITY.md", "CHANGELOG.md", "lib/README.md", "test/README.md"];
  for (const path of [...documents, ".ci/README.md", ".github/CONTRIBUTING.md"]) {
    const text = read(path);
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file, heading] = target.split("#");
      Deno.statSync(new URL(file ?? "", new URL(path, root)));
      if (heading === undefined || file !== "") continue;
      const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, each = ""]) => each);
      const known = headings.map((each) => each.toLowerCase().replaceAll(" ", "-"));
      assert(known.includes(heading), `${path} has the heading ${heading}`);
    }
  }
});

Deno.test("every dependency is named, with its reason", () => {
  const packages = Object.values(map.imports).map((url) => /^npm:(@?[^@]+)@/.exec(url)?.[1]);
  const rows = tableOf(release, "package", "for", "why this one").map(([name = ""]) =>
    name.slice(1, -1)
  );
  assertEquals(rows.toSorted(), [...new Set(packages)].toSorted());
});

/** The modules of a folder and of those in it. */
function modulesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, root))].flatMap(({ name, isDirectory }) =>
    isDirectory ? modulesIn(`${folder}${name}/`) : name.endsWith(".ts") ? [folder + name] : []
  );
}

Deno.test("every module and folder that lib/README.md names exists", () => {
  const folders = [...Deno.readDirSync(new URL("lib/", root))].filter(({ isDirectory }) =>
    isDirectory
  ).map(({ name }) => name).join("|");
  const named = house.match(new RegExp(`(?<=\`)(?:${folders})/[\\w/.]*`, "g")) ?? [];
  assertGreater(named.length, 10);
  for (const path of named) Deno.statSync(new URL(`lib/${path}`, root));
});

Deno.test("lib/README.md names every folder that has modules", () => {
  const folders = new Set(modulesIn("lib/").map((path) => path.split("/").slice(1, -1).join("/")));
  for (const folder of folders) assertStringIncludes(house, `${folder.split("/").at(-1)}/`);
});

Deno.test("every log line that the manual page names is in the code", () => {
  const code = modulesIn("lib/").map((path) => read(path).replace(/\$\{[^{}]*\}|\{\w+\}/g, "VALUE"))
    .join("\n");
  const lines = heads("LOGGING", "").map((line) => line.replace(/\b[A-Z]+\b/g, "VALUE"));
  assertGreater(lines.length, 0);
  assertEquals(lines.filter((line) => !code.includes(line)), []);
});

Deno.test("the manual page and the changelog list the same differences in the same words", () => {
  assertGreater(manualDifferences().length, 0);
  assertEquals(changelogDifferences(), manualDifferences());
});

Deno.test("the changelog's newest version is the program's", () => {
  assertEquals(/^## (\S+)/m.exec(changelog)?.[1], config.version);
});

Deno.test(needing(program("mandoc"), "mandoc finds nothing to complain about"), async () => {
  const path = fileURLToPath(new URL("man/balance.1", root));
  const args = ["-T", "lint", path];
  const { stdout, stderr } = await new Deno.Command("mandoc", { args }).output();
  assertEquals(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr), "");
});
