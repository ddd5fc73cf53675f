/**
 * The command line: `argv` to options.
 *
 * The classic's short options follow getopt (clusters, attached values, options behind operands, `--`), which
 * `parseArgs` alone does not; so a pre-pass writes them out as `--name=value` words first.
 *
 * @module
 */
// @ts-types="./parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
import { atoi } from "../net/address.ts";
import type { EdgeRules } from "../edge/edge_config.ts";
import { UsageError } from "../errors.ts";
import { refuseValue, wholeNumber } from "../option_value.ts";
import { type MethodName, METHODS } from "../table/schema.ts";
import { listed, printable } from "../text.ts";
import { parseEdgeOptions } from "./edge_options.ts";
import { checkEngine, type EngineChoice, parseEngine } from "./engine_option.ts";
import { type HealthOptions, parseHealthOptions } from "./health_options.ts";
import { type HttpOptions, parseHttpOptions } from "./http_options.ts";
import { type LogFormat, parseLogFormat } from "./log_format.ts";
import { nearest } from "./nearest.ts";
import { NAME_SERVER_FORMS, type NameServer, parseNameServer } from "./name_server.ts";
import { parseShellName, type ShellName, SHELLS } from "./shell_name.ts";

/** One option of the command line. */
export interface OptionSpec {
  /** The classic's letter, if it has one. */
  readonly short?: string;
  /** Further letters of the same meaning. */
  readonly aliases?: string;
  /** Its name; `--name` is typed only for options that have no letter. */
  readonly name: string;
  /** What its value is called, for an option that has one. */
  readonly value?: string;
  /** Words that its value may be or begin with, where its name does not say so; for completions. */
  readonly words?: readonly string[];
  /** What it does, for `--help`; internal options have none. */
  readonly summary?: string;
  /** What it is about: it is listed with others of its kind. */
  readonly topic?: "control" | "health" | "edge";
}

/** Every option, in the order of `--help`. */
export const OPTIONS: readonly OptionSpec[] = [
  { short: "a", name: "autodisable", summary: "disable a channel whose connect fails" },
  { short: "b", name: "bind", value: "addr", summary: "listen on this address" },
  { short: "B", name: "source", value: "addr", summary: "source address of outgoing connections" },
  { short: "c", name: "command", value: "cmd", summary: "run one shell command, then exit" },
  { short: "d", name: "debug", summary: "trace what happens" },
  { short: "f", aliases: "F", name: "foreground", summary: "stay in the foreground" },
  { short: "H", name: "hash-failover", summary: "hash groups fail over inside the group" },
  { short: "i", name: "interactive", summary: "interactive control shell" },
  { short: "M", name: "mmap", summary: "accepted for compatibility, no effect" },
  { short: "p", name: "packetdump", summary: "dump packets to stdout (with -f)" },
  { short: "t", name: "connect-timeout", value: "sec", summary: "connect timeout (5)" },
  { short: "T", name: "idle-timeout", value: "sec", summary: "idle timeout (never)" },
  { short: "6", name: "ipv6", summary: "listen on IPv6, IPv4 clients included" },
  { name: "engine", value: "deno|native|auto", summary: "what relays (deno)" },
  { name: "workers", value: "N|auto", summary: "threads that accept and relay (1)" },
  {
    name: "method",
    value: "M,...",
    words: METHODS,
    summary: "how groups distribute: rr, least, random, rendezvous",
  },
  {
    name: "load-bound",
    value: "pct",
    summary: "most that rendezvous gives, of a channel's share",
  },
  { name: "resolve", value: "sec", summary: "look names up again this often (30); 0 is never" },
  { name: "dns", value: "addr[:port]", summary: "name server for destinations" },
  { name: "start-unresolved", summary: "start although a name is unknown" },
  { name: "drain", value: "sec", summary: "SIGTERM drains too; no drain lasts longer" },
  { name: "takeover", summary: "take a running instance's place" },
  { name: "run-dir", value: "dir", summary: "folder of the control sockets" },
  { name: "log-file", value: "file", summary: "write the log there, rotated" },
  { name: "log-connections", summary: "one log line for each connection's end" },
  { name: "log-format", value: "text|json", summary: "how lines of the log look (text)" },
  { name: "http", value: "[addr:]port", summary: "serve metrics, JSON, and a dashboard there" },
  { name: "http-token", value: "file", summary: "secret with which HTTP may change things" },
  { name: "health", topic: "health", summary: "--check tcp --eject 3 --slow-start 10" },
  {
    name: "check",
    value: "kind",
    words: ["tcp", "http:/", "off"],
    topic: "health",
    summary: "check channels: tcp, http:/PATH, off",
  },
  { name: "check-send", value: "text", topic: "health", summary: "what a tcp check sends" },
  { name: "check-expect", value: "text", topic: "health", summary: "what must be in the answer" },
  { name: "check-interval", value: "sec", topic: "health", summary: "time between checks (2)" },
  { name: "check-timeout", value: "sec", topic: "health", summary: "time for a check (1)" },
  { name: "check-rise", value: "N", topic: "health", summary: "good checks in a row for up (2)" },
  { name: "check-fall", value: "N", topic: "health", summary: "bad checks in a row for down (3)" },
  { name: "eject", value: "N", topic: "health", summary: "leave alone after N failed connects" },
  { name: "slow-start", value: "sec", topic: "health", summary: "time to grow to the full weight" },
  { name: "cut-down", topic: "health", summary: "down by a check ends the connections" },
  {
    name: "when-down",
    value: "what",
    words: ["try", "close", "refuse", "reset"],
    topic: "health",
    summary: "nothing is up: try, close, refuse, reset",
  },
  { name: "top", topic: "control", summary: "full-screen view of a running instance" },
  { name: "list", topic: "control", summary: "list the instances that run, then exit" },
  { name: "json", topic: "control", summary: "with --list: as JSON" },
  { name: "try", topic: "health", summary: "connect to each channel once, then exit" },
  { name: "proxy-in", value: "nets", topic: "edge", summary: "their clients send a PROXY header" },
  { name: "proxy-out", value: "v1|v2", topic: "edge", summary: "servers get a PROXY header" },
  { name: "allow", value: "nets", topic: "edge", summary: "serve these networks and no others" },
  { name: "deny", value: "nets", topic: "edge", summary: "do not serve these networks" },
  { name: "max-conns", value: "N", topic: "edge", summary: "clients at once; more wait outside" },
  {
    name: "max-conns-per-client",
    value: "N",
    topic: "edge",
    summary: "connections of one client at once",
  },
  {
    name: "rate-per-client",
    value: "N/SEC",
    topic: "edge",
    summary: "new connections of one client",
  },
  { name: "queue", value: "N:SEC", topic: "edge", summary: "wait while every channel is full" },
  {
    name: "keepalive",
    value: "times",
    topic: "edge",
    summary: "idle,interval,count (with --engine native)",
  },
  {
    name: "user-timeout",
    value: "sec",
    topic: "edge",
    summary: "for unconfirmed bytes (with --engine native)",
  },
  {
    name: "completions",
    value: "shell",
    words: SHELLS,
    summary: "print completions: bash, zsh, fish",
  },
  { name: "help", summary: "print this text" },
  { name: "version", summary: "print the version" },
  { name: "background-child" },
];

/** The command line, understood. */
export interface Options {
  /** What the program is asked to do. */
  readonly mode:
    | "serve"
    | "command"
    | "interactive"
    | "top"
    | "try"
    | "list"
    | "completions"
    | "help"
    | "version";
  /** The port operand as typed. */
  readonly port: string;
  /** The options as words, but for `--method` and what has no part in how an instance runs. */
  readonly given: readonly string[];
  /** The operands behind the port. */
  readonly destinations: readonly string[];
  /** Text of `-b`, if given. */
  readonly bind: string | undefined;
  /** Text of `-B`, if given. */
  readonly source: string | undefined;
  /** Text of `-c`. */
  readonly command: string;
  /** Seconds that a connect may take. */
  readonly connectTimeout: number;
  /** Seconds of silence after which a connection is ended; 0 is never. */
  readonly idleTimeout: number;
  /** What relays. */
  readonly engine: EngineChoice;
  /** Threads; 0 is as many as the machine has cores. */
  readonly workers: number;
  /** How the groups that `%` does not close distribute, in order; empty without `--method`. */
  readonly methods: readonly MethodName[];
  /** Percent of its share at which rendezvous passes a channel over; undefined is no bound. */
  readonly loadBound: number | undefined;
  /** Seconds between two look-ups of a name; 0 is one look-up for good. */
  readonly resolve: number;
  /** The name server of `--dns`; undefined is the system's resolver. */
  readonly dns: NameServer | undefined;
  /** `--start-unresolved`: a name that is unknown at the start is no error. */
  readonly startUnresolved: boolean;
  /** Seconds that a drain may last; undefined is without limit. */
  readonly drain: number | undefined;
  /** `--takeover`: starts with the socket of the instance that runs. */
  readonly takeover: boolean;
  /** Text of `--run-dir`, if given. */
  readonly runDir: string | undefined;
  /** Text of `--log-file`, if given. */
  readonly logFile: string | undefined;
  /** `-a`: disable a channel whose connect fails. */
  readonly autodisable: boolean;
  /** `-d`: trace what happens. */
  readonly debug: boolean;
  /** `-f`: stay in the foreground. */
  readonly foreground: boolean;
  /** `-H`: groups fail over inside themselves. */
  readonly hashFailover: boolean;
  /** `-p`: dump packets. */
  readonly packetdump: boolean;
  /** `-6`: listen on IPv6. */
  readonly ipv6: boolean;
  /** `--json`: print JSON. */
  readonly json: boolean;
  /** Log each connection's end. */
  readonly logConnections: boolean;
  /** What HTTP is served with; undefined is not at all. */
  readonly http: HttpOptions | undefined;
  /** What is checked and how, and what follows from it. */
  readonly health: HealthOptions;
  /** How lines of the log are written. */
  readonly logFormat: LogFormat;
  /** Who may come in, how many, and what proxies say of clients. */
  readonly edge: EdgeRules;
  /** The shell of `--completions`, if given. */
  readonly completions: ShellName | undefined;
  /** Internal: this process is the background half of a start. */
  readonly backgroundChild: boolean;
}

const DEFAULT_CONNECT_TIMEOUT = 5;
const DEFAULT_RESOLVE = 30;
/** Most seconds between two look-ups: a day. */
const MAX_RESOLVE = 86_400;
/** Most threads of an instance. */
export const MAX_WORKERS = 64;

/**
 * Reads the command line.
 *
 * @param argv The words behind the program's name.
 * @param posix Whether the first operand ends the options (`POSIXLY_CORRECT`).
 * @throws {ExitError} 64, for anything that is not a valid command line.
 */
export function parseOptions(argv: readonly string[], posix = false): Options {
  const writtenOut = writeOut(argv, posix);
  const parsed = parseArgs(writtenOut, {
    string: OPTIONS.filter(({ value }) => value !== undefined).map(({ name }) => name),
    boolean: OPTIONS.filter(({ value }) => value === undefined).map(({ name }) => name),
  });
  const text = (name: string): string | undefined => {
    const value = parsed[name];
    return typeof value === "string" ? value : undefined;
  };
  const flag = (name: string): boolean => parsed[name] === true;
  const mode = modeOf(flag, text);
  const options = {
    mode,
    port: parsed._[0] ?? "",
    given: givenOptions(writtenOut),
    destinations: parsed._.slice(1),
    bind: text("bind"),
    source: text("source"),
    command: text("command") ?? "",
    connectTimeout: seconds("-t", text("connect-timeout")) ?? DEFAULT_CONNECT_TIMEOUT,
    idleTimeout: seconds("-T", text("idle-timeout")) ?? 0,
    engine: parseEngine(text("engine")),
    workers: workerCount(text("workers")),
    methods: methodNames(text("method")),
    loadBound: boundPercent(text("load-bound")),
    resolve: resolveSeconds(text("resolve"), flag("start-unresolved")),
    dns: nameServer(text("dns")),
    startUnresolved: flag("start-unresolved"),
    drain: drainSeconds(text("drain")),
    takeover: flag("takeover"),
    runDir: named("run-dir", text("run-dir")),
    logFile: named("log-file", text("log-file")),
    autodisable: flag("autodisable"),
    debug: flag("debug"),
    foreground: flag("foreground"),
    hashFailover: flag("hash-failover"),
    packetdump: flag("packetdump"),
    ipv6: flag("ipv6"),
    json: flag("json"),
    logConnections: flag("log-connections"),
    http: parseHttpOptions(text),
    health: parseHealthOptions({ text, flag }),
    logFormat: parseLogFormat(text),
    edge: parseEdgeOptions(text),
    completions: parseShellName(text("completions")),
    backgroundChild: flag("background-child"),
  };
  checkOperands(mode, parsed._.length);
  if (options.json && mode !== "list") throw new UsageError("balance: --json goes with --list");
  checkEngine(options.engine, options);
  return options;
}

function modeOf(
  flag: (name: string) => boolean,
  text: (name: string) => string | undefined,
): Options["mode"] {
  if (flag("help")) return "help";
  if (flag("version")) return "version";
  if (text("completions") !== undefined) return "completions";
  if (text("command") !== undefined) return "command";
  if (flag("interactive")) return "interactive";
  if (flag("top")) return "top";
  if (flag("list")) return "list";
  return flag("try") ? "try" : "serve";
}

function checkOperands(mode: Options["mode"], count: number): void {
  if (mode === "serve" || mode === "try") {
    if (count === 0) throw new UsageError("", "balance: no port is given");
  } else if (mode === "command" || mode === "interactive" || mode === "top") {
    if (count !== 1) throw new UsageError("", misfit(mode, count));
  } else if (mode === "list" && count > 0) {
    throw new UsageError("balance: --list takes no port");
  }
}

function misfit(mode: "command" | "interactive" | "top", count: number): string {
  const option = { command: "-c", interactive: "-i", top: "--top" }[mode];
  if (count === 0) return `balance: ${option} takes the port of an instance, and none is given`;
  const hint = `balance: ${option} takes one port and nothing more`;
  return mode === "command" ? `${hint}; quote a command of several words` : hint;
}

function seconds(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = atoi(text);
  if (value >= 1) return value;
  const hint = `balance: ${option} takes a number of seconds from 1, not '${printable(text)}'`;
  throw new UsageError("", hint);
}

function drainSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = wholeNumber(text, 0, Infinity);
  if (value !== undefined) return value;
  throw new UsageError("balance: --drain takes a number of seconds");
}

function workerCount(text: string | undefined): number {
  if (text === undefined) return 1;
  if (text === "auto") return 0;
  const count = wholeNumber(text, 1, MAX_WORKERS, 4);
  if (count !== undefined) return count;
  throw new UsageError(`balance: --workers takes a number from 1 to ${MAX_WORKERS}, or auto`);
}

function methodNames(text: string | undefined): MethodName[] {
  return (text?.split(",") ?? []).map((word) => {
    const method = METHODS.find((each) => each === word);
    if (method !== undefined) return method;
    throw new UsageError(
      `balance: --method takes ${listed(METHODS)}, or several with commas, not '${
        printable(word)
      }'`,
    );
  });
}

function boundPercent(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const percent = wholeNumber(text, 100, Infinity);
  if (percent !== undefined) return percent;
  throw new UsageError(
    `balance: --load-bound takes a percentage of 100 or more, not '${printable(text)}'`,
  );
}

function resolveSeconds(text: string | undefined, startUnresolved: boolean): number {
  if (text === undefined) return DEFAULT_RESOLVE;
  const value = wholeNumber(text, 0, MAX_RESOLVE, 5);
  if (value === undefined) {
    return refuseValue("--resolve", `a number of seconds from 0 to ${MAX_RESOLVE}`, text);
  }
  if (value === 0 && startUnresolved) {
    return refuseValue("--resolve", "1 second or more with --start-unresolved", text);
  }
  return value;
}

function nameServer(text: string | undefined): NameServer | undefined {
  if (text === undefined) return undefined;
  return parseNameServer(text) ?? refuseValue("--dns", NAME_SERVER_FORMS, text);
}

function named(name: string, text: string | undefined): string | undefined {
  if (text === "") throw new UsageError(`balance: --${name} takes a name`);
  return text;
}

/**
 * Writes every option out as `--name` or `--name=value`, with all operands behind `--`.
 *
 * Complaints are worded as getopt's.
 */
function writeOut(argv: readonly string[], posix: boolean): string[] {
  const options: string[] = [];
  const operands: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      operands.push(...rest.splice(0));
    } else if (word.startsWith("--")) {
      options.push(writeLong(word, rest));
    } else if (word.startsWith("-") && word !== "-") {
      options.push(...writeCluster(word.slice(1), rest));
    } else {
      operands.push(word);
      if (posix) operands.push(...rest.splice(0));
    }
  }
  return [...options, "--", ...operands];
}

/** Options that say nothing of how an instance runs, or that its table says better. */
const NOT_GIVEN: ReadonlySet<string> = new Set([
  "method",
  "takeover",
  "try",
  "top",
  "list",
  "json",
  "background-child",
]);

/** Options from {@link writeOut} as they are typed, an old one by its letter; of one that is repeated the last counts. */
function givenOptions(writtenOut: readonly string[]): string[] {
  const options = writtenOut.slice(0, writtenOut.indexOf("--")).map((word) => {
    const [, name = "", value] = /^--([^=]*)(?:=([^]*))?$/.exec(word) ?? [];
    return { name, value };
  });
  const last = options.filter(({ name }, at) =>
    !NOT_GIVEN.has(name) && options.findLastIndex((each) => each.name === name) === at
  );
  return last.flatMap(({ name, value }) => {
    const short = OPTIONS.find((each) => each.name === name)?.short;
    const option = short === undefined ? `--${name}` : `-${short}`;
    return value === undefined ? [option] : [option, value];
  });
}

/** Whether the word behind this one is its value, as behind `-b` and `--drain`. */
export function takesNext(word: string): boolean {
  if (word.startsWith("--")) {
    return OPTIONS.some(({ short, name, value }) =>
      short === undefined && value !== undefined && word === `--${name}`
    );
  }
  const letters = [...word.slice(1)];
  // The first letter that has a value has what follows it in the word, if anything does.
  const at = letters.findIndex((letter) =>
    OPTIONS.some(({ short, value }) => short === letter && value !== undefined)
  );
  return at >= 0 && at === letters.length - 1;
}

function writeLong(word: string, rest: string[]): string {
  const [, name = "", value] = /^--([^=]*)(?:=([^]*))?$/.exec(word) ?? [];
  const option = OPTIONS.find((each) => each.short === undefined && each.name === name);
  if (option === undefined) throw new UsageError(unknownOption(name));
  if (option.value === undefined) {
    if (value === undefined) return word;
    throw new UsageError(`balance: option --${name} takes no value`);
  }
  const given = value ?? rest.shift();
  if (given === undefined) throw new UsageError(`balance: option --${name} requires an argument`);
  return `--${name}=${given}`;
}

/** Names the option that was meant, if one is near; a letter's long name is none. */
function unknownOption(name: string): string {
  const shown = `balance: no option --${printable(name)}`;
  const old = OPTIONS.find((each) => each.name === name)?.short;
  if (old !== undefined) return `${shown}; it is -${old}`;
  const known = OPTIONS.filter(({ short, summary }) =>
    short === undefined && summary !== undefined
  );
  const meant = nearest(name, known.map((each) => each.name));
  return meant === undefined ? `${shown}; see --help` : `${shown}; did you mean --${meant}?`;
}

function writeCluster(letters: string, rest: string[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? "";
    const option = OPTIONS.find(({ short, aliases }) => short === letter || aliases === letter);
    if (option === undefined) {
      throw new UsageError(`balance: invalid option -- '${printable(letter)}'`);
    }
    if (option.value === undefined) {
      words.push(`--${option.name}`);
      continue;
    }
    const attached = letters.slice(at + 1);
    const value = attached !== "" ? attached : rest.shift();
    if (value === undefined) {
      throw new UsageError(`balance: option requires an argument -- '${letter}'`);
    }
    words.push(`--${option.name}=${value}`);
    break;
  }
  return words;
}
