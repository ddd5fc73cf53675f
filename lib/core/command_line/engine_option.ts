/**
 * Which engine relays (`--engine`), and what only one of them can do.
 *
 * @module
 */
import type { EdgeRules } from "../edge/edge_config.ts";
import { EXIT, ExitError } from "../errors.ts";
import { refuseValue } from "../option_value.ts";
import type { HealthOptions } from "./health_options.ts";

/** Which engine is wanted; `auto` is the native one where it can be. */
export type EngineChoice = "deno" | "native" | "auto";

/** Options that may need the native engine. */
export interface EngineNeeds {
  /** What is done with clients while nothing is usable. */
  readonly health: Pick<HealthOptions, "whenDown">;
  /** What is asked of peers. */
  readonly edge: Pick<EdgeRules, "timeouts">;
  /** Whether a running instance's place is taken. */
  readonly takeover: boolean;
}

/**
 * Reads `--engine`.
 *
 * @throws {ExitError} 64, for a bad value.
 */
export function parseEngine(text: string | undefined): EngineChoice {
  if (text === undefined) return "deno";
  if (text === "deno" || text === "native" || text === "auto") return text;
  return refuseValue("--engine", "deno, native or auto", text);
}

/** The options given that only the native engine can obey, as they are typed. */
export function nativeOptions({ health, edge: { timeouts }, takeover }: EngineNeeds): string[] {
  return [
    ...(takeover ? ["--takeover"] : []),
    ...(health.whenDown === "reset" ? ["--when-down reset"] : []),
    ...(timeouts.probes === undefined ? [] : ["--keepalive"]),
    ...(timeouts.userTimeout === 0 ? [] : ["--user-timeout"]),
  ];
}

/**
 * Refuses what the engine that was chosen has no way to do.
 *
 * @throws {ExitError} 64
 */
export function checkEngine(engine: EngineChoice, needs: EngineNeeds): void {
  const [first] = engine === "deno" ? nativeOptions(needs) : [];
  if (first === undefined) return;
  throw new ExitError(EXIT.usage, `balance: ${first} needs --engine native`);
}
