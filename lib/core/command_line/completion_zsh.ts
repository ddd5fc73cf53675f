/**
 * Completions for zsh, from version 5 on.
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

/** Writes the script; it works when sourced and as the file `_balance` in a folder of functions. */
export function formatZshCompletions(all: readonly CompletedCommand[]): string {
  const commands = completedCommands(all);
  const operands = commands.flatMap(({ name, operands }) => {
    const places = suggestOperands(operands);
    return places.flatMap((place, at) => {
      const action = operandAction(place, places[at - 1]);
      return action === "" ? [] : `    ${name}:${at}) ${action} ;;`;
    });
  });
  return SCRIPT
    .replace("%SPECS%", () => completedOptions().map(formatSpec).join("\n"))
    .replace("%COMMANDS%", () => commands.map(({ name }) => name).join(" "))
    .replace("%OPERANDS%", () => operands.join("\n"));
}

function formatSpec({ spellings, letters, summary, value, suggestion }: CompletedOption): string {
  const text = `[${summary.replace(/[\\\][:]/g, "\\$&")}]`;
  return spellings.map((each) => {
    // A value may be attached, and to a long name by an equals sign.
    const name = value === undefined ? each : `${each}${letters ? "+" : "="}`;
    const action = suggestion === undefined ? "" : valueAction(each, suggestion);
    const message = value === undefined ? "" : `:${value.replace(/[\\:]/g, "\\$&")}:${action}`;
    const spec = `${letters ? "-" : "--"}${name}${text}${message}`;
    return `    '${spec.replaceAll("'", "'\\''")}' \\`;
  }).join("\n");
}

function valueAction(spelling: string, { words, several, files }: Suggestion): string {
  if (`-${spelling}` === COMMAND_OPTION) return "->command";
  if (files !== undefined) return files === "dir" ? "_directories" : "_files";
  if (words.length === 0) return " ";
  const list = words.map((word) => word.replace(/[\\:]/g, "\\$&")).join(" ");
  return several ? `_values -s , word ${list}` : `(${list})`;
}

function operandAction({ words, live }: Suggestion, before: Suggestion | undefined): string {
  const actions = [
    ...(words.length === 0 ? [] : [`choices+=(${words.join(" ")}) shown+=(${words.join(" ")})`]),
    ...(live === "group" ? ["__balance_live group"] : []),
    ...(live === "channel"
      ? [`__balance_live channel ${before?.live === "group" ? "$3" : "0"}`]
      : []),
  ];
  return actions.join("; ");
}

const SCRIPT = `#compdef balance
# Completions of balance for zsh, printed by: balance --completions zsh

# The ports of the sockets of control: of the address of -b, in the folders that the program looks into.
__balance_ports() {
  local file name
  local -a folders=(/var/run/balance \${XDG_RUNTIME_DIR:-/nowhere}/balance \${TMPDIR:-/tmp}/balance-$UID)
  [[ -z $dir ]] || folders=($dir)
  ports=()
  for file in $^folders/balance.*(N=); do
    name=\${file##*/balance.}
    [[ \${name#*.} != \${bind:-0.0.0.0} ]] || ports+=(\${name%%.*})
  done
}

# Adds numbers of the running instance to the choices: "group", or "channel" and the group.
__balance_live() {
  local row number
  local -a ports cells call=($program)
  [[ -z $bind ]] || call+=(${INSTANCE_OPTIONS.bind} $bind)
  [[ -z $dir ]] || call+=(${INSTANCE_OPTIONS.runDir} $dir)
  # Without a port on the line it is any instance that runs.
  if [[ -n $port ]]; then ports=($port); else __balance_ports; fi
  for number in $ports; do
    for row in \${(f)"$(_call_program balance \${(q)call} ${COMMAND_OPTION} show $number)"}; do
      cells=(\${=row})
      [[ $cells[1]$cells[3] == <-> ]] || continue
      if [[ $1 == group ]]; then
        (( $choices[(Ie)$cells[1]] )) || { choices+=($cells[1]); shown+=($cells[1]) }
      elif [[ $cells[1] == $2 ]]; then
        choices+=($cells[3])
        shown+=("$cells[3]  -- $cells[5]:$cells[6]")
      fi
    done
  done
}

# Adds what may stand at a place of a command to the choices: the command, the place from 0, the word before.
__balance_operand() {
  case $1:$2 in
%OPERANDS%
  esac
}

# Offers a command of the shell, its operands inside of the same word.
__balance_command() {
  local text=\${(Q)PREFIX} head
  local -a names choices shown parts
  names=(%COMMANDS%)
  names=(\${(M)names:#\${(b)text%% *}*})
  (( $#names )) || return 1
  if [[ $text == *' '* ]]; then
    head=\${text% *}
    parts=(\${=head})
    __balance_operand $names[1] $(( $#parts - 1 )) $parts[-1]
    choices=("$head "$^choices)
  elif (( $#names == 1 )); then
    __balance_operand $names[1] 0 ''
    choices=("$names[1] "$^choices)
  fi
  (( $#choices )) || [[ $text == *' '* ]] || { choices=($names); shown=($names) }
  compadd -d shown -- $choices
}

_balance() {
  local curcontext=$curcontext state state_descr line port bind dir program=\${(e)words[1]/#\\~/$HOME}
  local -a ports
  typeset -A opt_args
  _arguments -C -s -S \\
%SPECS%
    '1:port:->port' \\
    '*:destination:->destination' && return
  port=\${(Q)line[1]} bind=\${(Q)opt_args[${INSTANCE_OPTIONS.bind}]} dir=\${(Q)opt_args[${INSTANCE_OPTIONS.runDir}]}
  case $state in
    command) __balance_command ;;
    *)
      if compset -P @; then
        _files
      elif [[ $state == port ]]; then
        __balance_ports
        compadd -X 'port of an instance' -a ports
      else
        _hosts
      fi
      ;;
  esac
}

if [[ $funcstack[1] == _balance ]]; then
  _balance "$@"
else
  compdef _balance balance
fi
`;
