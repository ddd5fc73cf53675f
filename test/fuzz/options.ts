/**
 * The command line against a small model of getopt.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { ExitError } from "../../lib/core/errors.ts";
import { OPTIONS, type Options, parseOptions } from "../../lib/core/command_line/options.ts";
import { parseGroups, parsePort } from "../../lib/core/command_line/spec.ts";
import type { Random } from "../kit/random.ts";
import { nastyText, type Target } from "./target.ts";

const VALUED = "bBctT";
const FLAGS = "adfFHiMp6";
const LONG_VALUED = [
  "workers",
  "method",
  "load-bound",
  "drain",
  "run-dir",
  "log-file",
  "log-format",
  "allow",
  "queue",
];
const LONG_FLAGS = ["log-connections", "help", "version"];

/** What getopt makes of a command line: the last value of each option, the flags, the operands; or a complaint. */
interface Meaning {
  readonly values: Map<string, string>;
  readonly flags: Set<string>;
  readonly operands: string[];
}

function getopt(argv: readonly string[]): Meaning | undefined {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  const operands: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "--") {
      operands.push(...argv.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
    } else if (word.startsWith("--")) {
      const sign = word.indexOf("=");
      const name = word.slice(2, sign < 0 ? undefined : sign);
      if (LONG_FLAGS.includes(name) && sign < 0) {
        flags.add(name);
      } else if (LONG_VALUED.includes(name)) {
        const value = sign < 0 ? argv[++at] : word.slice(sign + 1);
        if (value === undefined) return undefined;
        values.set(name, value);
      } else return undefined;
    } else {
      for (let rest = word.slice(1); rest !== ""; rest = rest.slice(1)) {
        const letter = rest[0] ?? "";
        if (FLAGS.includes(letter)) {
          flags.add(letter === "F" ? "f" : letter);
        } else if (VALUED.includes(letter)) {
          const value = rest.length > 1 ? rest.slice(1) : argv[++at];
          if (value === undefined) return undefined;
          values.set(letter, value);
          break;
        } else return undefined;
      }
    }
  }
  return { values, flags, operands };
}

function randomWord(random: Random): string {
  switch (random.between(0, 7)) {
    case 0:
      return `-${random.pick([...FLAGS])}`;
    case 1:
      return `-${random.pick([...FLAGS])}${random.pick([...FLAGS, ...VALUED])}`;
    case 2:
      return `-${random.pick([...VALUED])}${random.chance(0.5) ? nastyText(random, 3) : ""}`;
    case 3:
      return `--${random.pick(LONG_VALUED)}${
        random.chance(0.5) ? `=${random.pick([nastyText(random, 2), "least,rr", "125"])}` : ""
      }`;
    case 4:
      return `--${random.pick(LONG_FLAGS)}`;
    case 5:
      return random.pick([
        "--",
        "-",
        "",
        "80",
        "8888",
        "host:80:3",
        "!",
        "%",
        "3",
        "auto",
        "least,rr",
        "125",
      ]);
    case 6:
      return `-${nastyText(random, 3)}`;
    default:
      return nastyText(random, 4);
  }
}

/** Reads a command line; undefined for one that was refused as it should be. */
function tryParse(argv: readonly string[]): Options | undefined {
  try {
    return parseOptions(argv);
  } catch (error) {
    assert(error instanceof ExitError, `threw ${error}`);
    assertEquals(error.code, 64);
    return undefined;
  }
}

function agree(options: Options, meaning: Meaning): void {
  const { values, flags, operands } = meaning;
  assertEquals([options.port, ...options.destinations], operands.length === 0 ? [""] : operands);
  assertEquals(options.bind, values.get("b"));
  assertEquals(options.source, values.get("B"));
  assertEquals(options.command, values.get("c") ?? "");
  assertEquals(options.methods.join(","), values.get("method") ?? "");
  assertEquals(options.loadBound, optional(values.get("load-bound")));
  assertEquals(options.runDir, values.get("run-dir"));
  assertEquals(options.logFile, values.get("log-file"));
  assertEquals(options.foreground, flags.has("f"));
  assertEquals(options.autodisable, flags.has("a"));
  assertEquals(options.debug, flags.has("d"));
  assertEquals(options.hashFailover, flags.has("H"));
  assertEquals(options.packetdump, flags.has("p"));
  assertEquals(options.ipv6, flags.has("6"));
  assertEquals(options.logConnections, flags.has("log-connections"));
  const mode = flags.has("help")
    ? "help"
    : flags.has("version")
    ? "version"
    : values.has("c")
    ? "command"
    : flags.has("i")
    ? "interactive"
    : "serve";
  assertEquals(options.mode, mode);
}

function optional(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

/** No text that a model does not know may be an option. */
function optionsAreKnown(): void {
  const letters = OPTIONS.flatMap(({ short = "", aliases = "" }) => [...short, ...aliases]);
  assertEquals(letters.toSorted().join(""), [...VALUED, ...FLAGS].toSorted().join(""));
}

/** Every property of the command line. */
export const targets: readonly Target[] = [
  {
    name: "parseOptions() reads what getopt reads, or refuses with exit 64",
    round: (random): void => {
      optionsAreKnown();
      const argv = Array.from({ length: random.between(0, 7) }, () => randomWord(random));
      const options = tryParse(argv);
      const meaning = getopt(argv);
      if (options === undefined) return;
      assert(meaning !== undefined, `accepted ${JSON.stringify(argv)}`);
      try {
        agree(options, meaning);
      } catch (error) {
        throw new Error(JSON.stringify(argv), { cause: error });
      }
    },
  },
  {
    name: "parseGroups() and parsePort() throw nothing but documented exit codes",
    round: (random): void => {
      const services = new Map([["smtp", 25]]);
      const operands = Array.from(
        { length: random.chance(0.1) ? random.between(60, 70) : random.between(0, 8) },
        () => random.pick(["!", "%", nastyText(random, 5), "a:smtp:3", "b"]),
      );
      try {
        const groups = parseGroups(operands, 8888, services);
        assert(groups.length <= 16 && operands.length < 64);
        const kept = groups.reduce((sum, { destinations }) => sum + destinations.length, 0);
        assertEquals(kept, operands.filter((word) => word !== "!" && word !== "%").length);
      } catch (error) {
        assert(error instanceof ExitError && [64, 69].includes(error.code), `threw ${error}`);
      }
      const text = nastyText(random, 3);
      try {
        const { number } = parsePort(text, services);
        assert(Number.isInteger(number) && number !== 0 && number <= 65535, text);
      } catch (error) {
        assert(error instanceof ExitError && error.code === 64, `threw ${error}`);
      }
    },
  },
];
