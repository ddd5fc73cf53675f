/**
 * The shells that there are completions for.
 *
 * @module
 */
import { refuseValue } from "../option_value.ts";
import { listed } from "../text.ts";

/** The shells by name. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of {@link SHELLS}. */
export type ShellName = typeof SHELLS[number];

/**
 * Reads the value of `--completions`.
 *
 * @throws {ExitError} 64 for a shell that is not known.
 */
export function parseShellName(text: string | undefined): ShellName | undefined {
  if (text === undefined) return undefined;
  return SHELLS.find((each) => each === text) ?? refuseValue("--completions", listed(SHELLS), text);
}
