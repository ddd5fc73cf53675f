/**
 * How the lines of the log are written: `--log-format`.
 *
 * @module
 */
import { refuseValue } from "../option_value.ts";

/** How the lines of the log are written. */
export type LogFormat = "text" | "json";

/**
 * Reads the option.
 *
 * @throws {ExitError} 64, for a bad value: one line that names it and says what is accepted.
 */
export function parseLogFormat(text: (name: string) => string | undefined): LogFormat {
  const given = text("log-format") ?? "text";
  if (given === "text" || given === "json") return given;
  return refuseValue("--log-format", "text or json", given);
}
