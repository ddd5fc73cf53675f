/**
 * The text of `--completions`.
 *
 * @module
 */
import { formatBashCompletions } from "./completion_bash.ts";
import { formatFishCompletions } from "./completion_fish.ts";
import type { CompletedCommand } from "./completion_model.ts";
import { formatZshCompletions } from "./completion_zsh.ts";
import type { ShellName } from "./shell_name.ts";

const FORMATS: Readonly<Record<ShellName, (commands: readonly CompletedCommand[]) => string>> = {
  bash: formatBashCompletions,
  zsh: formatZshCompletions,
  fish: formatFishCompletions,
};

/**
 * Writes the script that completes the program's command line in a shell.
 *
 * @param commands The shell's commands in order of priority, for the value of `-c`.
 */
export function formatCompletions(
  shell: ShellName,
  commands: readonly CompletedCommand[],
): string {
  return FORMATS[shell](commands);
}
