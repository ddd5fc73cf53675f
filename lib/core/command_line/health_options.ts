/**
 * The options of health: what is checked and how, what ejects, what happens when nothing is up.
 *
 * @module
 */
import { EXIT, ExitError } from "../errors.ts";
import { type CheckKind, parseCheckKind, parseExpected } from "../health/check_kinds.ts";
import { type CheckRule, DEFAULT_CHECK_RULE } from "../health/check_state.ts";
import { parseEscapes } from "../health/escapes.ts";
import { type Exchange, exchangeFor, type Target } from "../health/exchange.ts";
import { refuseValue } from "../option_value.ts";
import type { Attributes } from "./attributes.ts";

/** What is done with clients while nothing is usable. */
export type WhenDown = typeof WHEN_DOWN[number];

/** Everything that can be done with clients while nothing is usable. */
export const WHEN_DOWN = ["try", "close", "refuse", "reset"] as const;

/** What the command line says of health. */
export interface HealthOptions {
  /** How channels are checked whose attribute `check` says nothing else. */
  readonly check: CheckKind;
  /** What a `tcp` check sends after the connect, if anything. */
  readonly send: Uint8Array<ArrayBuffer> | undefined;
  /** What must come then, if anything. */
  readonly expect: Uint8Array<ArrayBuffer> | undefined;
  /** Seconds between the checks of a channel. */
  readonly intervalSeconds: number;
  /** Seconds that a check may take. */
  readonly timeoutSeconds: number;
  /** How many equal results it takes. */
  readonly rule: CheckRule;
  /** Failed connects in a row that eject a channel; 0 is never. */
  readonly eject: number;
  /** Seconds in which the weight of a channel that is back grows; 0 is at once. */
  readonly slowStartSeconds: number;
  /** Whether a channel that a check takes down loses its connections. */
  readonly cutDown: boolean;
  /** What is done with clients while nothing is usable, if it was said. */
  readonly whenDown: WhenDown | undefined;
}

/** The command line's values by option name. */
export interface GivenValues {
  /** The value of an option, if it was given. */
  text(name: string): string | undefined;
  /** Whether an option without value was given. */
  flag(name: string): boolean;
}

const DEFAULT_INTERVAL_SECONDS = 2;
const DEFAULT_TIMEOUT_SECONDS = 1;
/** What `--health` is short for. */
const HEALTH = { check: "tcp", eject: 3, slowStartSeconds: 10 };

/**
 * Reads the options of health.
 *
 * @throws {ExitError} 64, for a bad value: one line that names it and says what is accepted.
 */
export function parseHealthOptions({ text, flag }: GivenValues): HealthOptions {
  const health = flag("health");
  const dialogue = dialogueOf(text);
  const spoken = dialogue.send !== undefined || dialogue.expect !== undefined;
  const check = parseCheckKind(
    text("check") ?? (health || spoken ? HEALTH.check : "off"),
    "--check",
  );
  if (spoken && check.kind !== "tcp") {
    throw new ExitError(EXIT.usage, "balance: --check-send and --check-expect go with --check tcp");
  }
  const number = (name: string, range: Range): number | undefined => numberOf(text, name, range);
  const rise = number("check-rise", COUNT) ?? DEFAULT_CHECK_RULE.rise;
  const fall = number("check-fall", COUNT) ?? DEFAULT_CHECK_RULE.fall;
  return {
    check,
    ...dialogue,
    intervalSeconds: number("check-interval", PERIOD) ?? DEFAULT_INTERVAL_SECONDS,
    timeoutSeconds: number("check-timeout", PERIOD) ?? DEFAULT_TIMEOUT_SECONDS,
    rule: { rise, fall },
    eject: number("eject", COUNT_OR_NEVER) ?? (health ? HEALTH.eject : 0),
    slowStartSeconds: number("slow-start", GROWTH) ?? (health ? HEALTH.slowStartSeconds : 0),
    cutDown: flag("cut-down"),
    whenDown: parseWhenDown(text("when-down")),
  };
}

function dialogueOf(text: GivenValues["text"]): Pick<HealthOptions, "send" | "expect"> {
  const send = text("check-send");
  const expect = text("check-expect");
  return {
    send: send === undefined ? undefined : parseEscapes(send, "--check-send"),
    expect: expect === undefined ? undefined : parseExpected(expect, "--check-expect"),
  };
}

function parseWhenDown(text: string | undefined): WhenDown | undefined {
  return text === undefined ? undefined : WHEN_DOWN.find((each) => each === text) ??
    refuseValue("--when-down", "try, close, refuse or reset", text);
}

/** What is done with clients while nothing is usable: as it was said, else as it befits. */
export function whenDownOf({ whenDown, check, eject }: HealthOptions): WhenDown {
  return whenDown ?? (check.kind !== "off" || eject > 0 ? "try" : "close");
}

/** Numbers that an option accepts. */
interface Range {
  readonly pattern: RegExp;
  readonly least: number;
  readonly most: number;
  /** What it counts, for the complaint. */
  readonly unit: string;
}

const WHOLE = /^\d{1,6}$/;
const DECIMAL = /^\d{1,6}(?:\.\d{1,6})?$/;
const COUNT: Range = { pattern: WHOLE, least: 1, most: 100, unit: "a number" };
const COUNT_OR_NEVER: Range = { pattern: WHOLE, least: 0, most: 1000, unit: "a number" };
const PERIOD: Range = { pattern: DECIMAL, least: 0.1, most: 86_400, unit: "seconds" };
const GROWTH: Range = { pattern: DECIMAL, least: 0, most: 86_400, unit: "seconds" };

function numberOf(
  text: GivenValues["text"],
  name: string,
  { pattern, least, most, unit }: Range,
): number | undefined {
  const given = text(name);
  if (given === undefined) return undefined;
  const value = pattern.test(given) ? Number(given) : NaN;
  if (value >= least && value <= most) return value;
  return refuseValue(`--${name}`, `${unit} from ${least} to ${most}`, given);
}

/**
 * What is said in the checks of a channel; nothing if it is not checked.
 *
 * @param attributes The channel's own: `check` stands in place of everything that the options say.
 */
export function exchangeOf(
  options: Pick<HealthOptions, "check" | "send" | "expect">,
  attributes: Attributes,
  target: Target,
): Exchange | undefined {
  if (attributes.check === undefined) return exchangeFor(options.check, options, target);
  const kind = parseCheckKind(attributes.check, "check");
  return exchangeFor(kind, { send: undefined, expect: undefined }, target);
}
