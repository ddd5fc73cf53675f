/**
 * Completions for fish, from version 3.1 on.
 *
 * @module
 */
import {
  COMMAND_OPTION,
  type CompletedCommand,
  completedCommands,
  type CompletedOption,
  completedOptions,
  INSTANCE_OPTIONS,
  type Suggestion,
  suggestOperands,
} from "./completion_model.ts";

/** Writes the script; it works when sourced and as a file in a folder of completions. */
export function formatFishCompletions(all: readonly CompletedCommand[]): string {
  const options = completedOptions();
  const commands = completedCommands(all);
  const valued = options.filter(({ value }) => value !== undefined);
  const spelt = (letters: boolean): string[] =>
    valued.filter((option) => option.letters === letters).flatMap(({ spellings }) => spellings);
  const operands = commands.flatMap(({ name, operands }) => {
    const places = suggestOperands(operands);
    return places.flatMap((place, at) => {
      const action = operandAction(place, places[at - 1]);
      return action === "" ? [] : `    case ${name}:${at}\n      ${action}`;
    });
  });
  return SCRIPT
    .replace("%COMMANDS%", () => commands.map(({ name }) => name).join(" "))
    .replace("%LONG%", () => spelt(false).map((name) => `--${name}`).join(" "))
    .replaceAll("%SHORT%", () => spelt(true).join(""))
    .replace("%OPERANDS%", () => operands.join("\n"))
    .replace("%OPTIONS%", () => options.map(formatOption).join("\n"));
}

function formatOption({ spellings, letters, summary, suggestion }: CompletedOption): string {
  const names = spellings.map((each) => `${letters ? "-s" : "-l"} ${each}`).join(" ");
  const line = `complete -c balance ${names} -d ${quote(summary)}`;
  if (suggestion === undefined) return line;
  if (`-${spellings[0]}` === COMMAND_OPTION) return `${line} -x -a '(__balance_command)'`;
  if (suggestion.files === "file") return `${line} -r -F`;
  if (suggestion.files === "dir") return `${line} -x -a '(__fish_complete_directories)'`;
  const words = suggestion.words.join(" ");
  if (words === "") return `${line} -x`;
  const list = suggestion.several ? `(__balance_several ${words})` : words;
  return `${line} -x -a ${quote(list)}`;
}

function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

function operandAction({ words, live }: Suggestion, before: Suggestion | undefined): string {
  const actions = [
    ...(words.length === 0 ? [] : [`printf '%s\\n' ${words.join(" ")}`]),
    ...(live === "group" ? ["__balance_live group"] : []),
    ...(live === "channel"
      ? [`__balance_live channel ${before?.live === "group" ? "$argv[3]" : "0"}`]
      : []),
  ];
  return actions.join("; ");
}

const SCRIPT = `# Completions of balance for fish, printed by: balance --completions fish

# A list with commas: what is typed of it, and each word behind it.
function __balance_several
  set -l typed (commandline -ct | string replace -r '^--[^=]*=' '')
  set -l before (string match -r '^.*,' -- $typed)
  printf '%s\\n' "$before"$argv
end

# Reads what the line says of the instance that is meant: the program, its port, -b and --run-dir, one a line.
function __balance_line
  set -l words (commandline -op)
  set -l typed (commandline -opc)
  set -l here (math (count $typed) + 1)
  # The word that is being typed is no operand yet.
  test -z (commandline -ct | string collect); or set -e words[$here]
  set -l port ''
  set -l bind ''
  set -l dir ''
  set -l expected ''
  set -l over ''
  for word in $words[2..-1]
    set -l option ''
    set -l value
    if test -n "$expected"
      set option $expected
      set value $word
      set expected ''
    else if test -n "$over"; or not string match -qr '^-.' -- $word
      test -n "$port"; or set port $word
    else if test "$word" = --
      set over 1
    else if string match -q -- '--*=*' $word
      set option (string replace -r '=.*' '' -- $word)
      set value (string replace -r '^[^=]*=' '' -- $word)
    else if string match -q -- '--*' $word
      contains -- $word %LONG%; and set expected $word
    else if set -l parts (string match -r '^-[^%SHORT%]*([%SHORT%])(.*)$' -- $word)
      set option -$parts[2]
      set value $parts[3]
      test -n "$value"; or set expected $option
    end
    switch $option
      case ${INSTANCE_OPTIONS.bind}
        set bind $value
      case ${INSTANCE_OPTIONS.runDir}
        set dir $value
    end
  end
  printf '%s\\n' "$words[1]" "$port" "$bind" "$dir"
end

# The ports of the sockets of control: of the address of -b, in the folders that the program looks into.
function __balance_ports
  set -l line (__balance_line)
  set -l folders /var/run/balance $XDG_RUNTIME_DIR/balance
  set -q TMPDIR; and set -a folders $TMPDIR/balance-(id -u); or set -a folders /tmp/balance-(id -u)
  test -z "$line[4]"; or set folders $line[4]
  set -l address '0.0.0.0'
  test -z "$line[3]"; or set address $line[3]
  for file in $folders/balance.*
    set -l name (string replace -r '.*/balance\\.' '' -- $file)
    test -S $file; and test (string replace -r '^[^.]*\\.' '' -- $name) = $address
    and string replace -r '\\..*' '' -- $name
  end
end

# Numbers of the running instance: "group", or "channel" and the group.
function __balance_live
  set -l line (__balance_line)
  set -l ports $line[2]
  # Without a port on the line it is any instance that runs.
  test -n "$ports"; or set ports (__balance_ports)
  set -l instance
  test -z "$line[3]"; or set -a instance ${INSTANCE_OPTIONS.bind} $line[3]
  test -z "$line[4]"; or set -a instance ${INSTANCE_OPTIONS.runDir} $line[4]
  set -l program (string replace -r '^~' $HOME -- $line[1])
  for port in $ports
    for row in ($program $instance ${COMMAND_OPTION} show $port 2>/dev/null)
      set -l cells (string match -r '^ *(\\d+) +\\S+ +(\\d+) +\\S+ +(\\S+) +(\\d+)' -- $row)
      test (count $cells) -eq 5; or continue
      if test $argv[1] = group
        printf '%s\\n' $cells[2]
      else if test $cells[2] = "$argv[2]"
        printf '%s\\t%s:%s\\n' $cells[3..5]
      end
    end
  end | sort -u
end

# What may stand at a place of a command: the command, the place from 0, the word before.
function __balance_operand
  switch $argv[1]:$argv[2]
%OPERANDS%
  end
end

# Commands of the shell, their operands inside of the same word.
function __balance_command
  set -l typed (commandline -ct | string replace -r '^["\\']' '' | string replace -a '\\\\' '')
  set -l words (string split ' ' -- "$typed")
  set -l names
  for name in %COMMANDS%
    string match -q -- "$words[1]*" $name; and set -a names $name
  end
  set -q names[1]; or return
  if set -q words[2]
    set -l before $words[1..-2]
    set -l head (string join ' ' -- $before)
    set -l place (math (count $before) - 1)
    for choice in (__balance_operand $names[1] $place $before[-1])
      printf '%s\\n' "$head $choice"
    end
  else if test (count $names) = 1
    set -l choices (__balance_operand $names[1] 0 '')
    set -q choices[1]; and printf '%s\\n' "$names[1] "$choices; or printf '%s\\n' $names
  else
    printf '%s\\n' $names
  end
end

# An operand: the port, then destinations.
function __balance_destination
  set -l line (__balance_line)
  if string match -q '@*' -- (commandline -ct)
    printf '@%s\\n' (__fish_complete_path (commandline -ct | string sub -s 2) | string replace -r '\\t.*' '')
  else if test -z "$line[2]"
    __balance_ports
  else
    __fish_print_hostnames
  end
end

complete -c balance -f -a '(__balance_destination)'
%OPTIONS%
`;
