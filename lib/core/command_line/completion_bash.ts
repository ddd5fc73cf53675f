/**
 * Completions for bash, from version 3.2 on.
 *
 * @module
 */
import {
  COMMAND_OPTION,
  type CompletedCommand,
  completedCommands,
  completedOptions,
  INSTANCE_OPTIONS,
  type Suggestion,
  suggestOperands,
} from "./completion_model.ts";
import { quoteForSh } from "./words.ts";

/** Writes the script; it works when sourced and as a file of bash-completion. */
export function formatBashCompletions(all: readonly CompletedCommand[]): string {
  const options = completedOptions();
  const commands = completedCommands(all);
  const typed = options.flatMap(({ spellings, letters }) =>
    spellings.map((each) => `${letters ? "-" : "--"}${each}`)
  );
  const valued = options.filter(({ value }) => value !== undefined);
  const long = valued.filter(({ letters }) => !letters).flatMap(({ spellings }) => spellings);
  const short = valued.filter(({ letters }) => letters).flatMap(({ spellings }) => spellings);
  const values = valued.flatMap(({ spellings, letters, suggestion }) => {
    const action = suggestion === undefined ? "" : valueAction(suggestion);
    const names = spellings.map((each) => `${letters ? "-" : "--"}${each}`).join("|");
    return action === "" ? [] : `    ${names}) ${action} ;;`;
  });
  const operands = commands.flatMap(({ name, operands }) => {
    const places = suggestOperands(operands);
    return places.flatMap((place, at) => {
      const action = operandAction(place, places[at - 1]);
      return action === "" ? [] : `    ${name}:${at}) ${action} ;;`;
    });
  });
  return SCRIPT
    .replace("%OPTIONS%", () => quoteForSh(typed))
    .replace("%COMMANDS%", () => quoteForSh(commands.map(({ name }) => name)))
    .replace("%LONG%", () => long.map((name) => `--${name}`).join("|"))
    .replaceAll("%SHORT%", () => short.join(""))
    .replace("%VALUES%", () => values.join("\n"))
    .replace("%OPERANDS%", () => operands.join("\n"));
}

function valueAction({ words, several, files }: Suggestion): string {
  if (files !== undefined) return `__balance_files ${files === "dir" ? "-d" : "-f"} "$typed"`;
  if (words.length === 0) return "";
  return `${several ? "__balance_several" : "__balance_offer ''"} "$typed" ${quoteForSh(words)}`;
}

function operandAction({ words, live }: Suggestion, before: Suggestion | undefined): string {
  const actions = [
    ...(words.length === 0 ? [] : [`choices+=(${quoteForSh(words)})`]),
    ...(live === "group" ? ["__balance_live group"] : []),
    ...(live === "channel"
      ? [`__balance_live channel ${before?.live === "group" ? '"$previous"' : "0"}`]
      : []),
  ];
  return actions.join("; ");
}

const SCRIPT = `# Completions of balance for bash, printed by: balance --completions bash
# shellcheck shell=bash disable=SC2034,SC2317

# Offers the words that go on from what is typed: a prefix for all, what is typed, the words.
__balance_offer() {
  local prefix=$1 typed=$2 each
  shift 2
  for each; do
    [[ $each == "$typed"* ]] || continue
    each=$prefix$each
    COMPREPLY+=("\${each#"$lead"}")
  done
}

# The same for a list with commas.
__balance_several() {
  local typed=$1 before
  shift
  [[ $typed != *,* ]] || before=\${typed%,*},
  __balance_offer "$prefix$before" "\${typed##*,}" "$@"
  ! type compopt >/dev/null 2>&1 || compopt -o nospace
}

# Offers files (-f) or directories (-d).
__balance_files() {
  local each
  while IFS= read -r each; do
    each=$prefix$each
    COMPREPLY+=("\${each#"$lead"}")
  done < <(compgen "$1" -- "$2")
  ! type compopt >/dev/null 2>&1 || compopt -o filenames
}

# Offers what the value of an option may be.
__balance_value() {
  local typed=$2 prefix=$3
  case $1 in
    ${COMMAND_OPTION}) __balance_command "$typed" ;;
%VALUES%
  esac
}

# The ports of the sockets of control: of the address of -b, in the folders that the program looks into.
__balance_ports() {
  local folder file name
  local folders=(/var/run/balance "\${XDG_RUNTIME_DIR:-/nowhere}/balance" "\${TMPDIR:-/tmp}/balance-$UID")
  [[ -z $dir ]] || folders=("$dir")
  for folder in "\${folders[@]}"; do
    for file in "$folder"/balance.*; do
      name=\${file##*/balance.}
      [[ -S $file && \${name#*.} == "\${bind:-0.0.0.0}" ]] && printf '%s\\n' "\${name%%.*}"
    done
  done
}

# Adds numbers of the running instance to the choices: "group", or "channel" and the group.
__balance_live() {
  local number row_group channel
  # Without a port on the line it is any instance that runs.
  for number in \${port:-$(__balance_ports)}; do
    while read -r row_group _ channel _; do
      case $row_group$channel in *[!0-9]*) continue ;; esac
      [[ $1 == group ]] && channel=$row_group
      [[ $1 == group || $row_group == "$2" ]] || continue
      [[ " \${choices[*]} " == *" $channel "* ]] || choices+=("$channel")
    done < <("$program" \${bind:+${INSTANCE_OPTIONS.bind} "$bind"} \${dir:+${INSTANCE_OPTIONS.runDir} "$dir"} ${COMMAND_OPTION} show "$number" 2>/dev/null)
  done
}

# Adds what may stand at a place of a command to the choices: the command, the place from 0, the word before.
__balance_operand() {
  local previous=$3
  case $1:$2 in
%OPERANDS%
  esac
}

# Offers a command of the shell, its operands inside of the same word.
__balance_command() {
  local text=$1 quote each name names=() choices=() parts=()
  case $text in [\\"\\']*) quote=\${text:0:1} text=\${text:1} ;; esac
  [[ -n $quote ]] || text=\${text//\\\\/}
  for each in %COMMANDS%; do
    [[ $each != "\${text%% *}"* ]] || names+=("$each")
  done
  ((\${#names[@]})) || return
  name=\${names[0]}
  if [[ $text == *' '* ]]; then
    read -r -a parts <<<"\${text% *}"
    __balance_operand "$name" $((\${#parts[@]} - 1)) "\${parts[\${#parts[@]} - 1]}"
    names=("\${choices[@]/#/\${text% *} }")
  elif ((\${#names[@]} == 1)); then
    __balance_operand "$name" 0 ''
    ((\${#choices[@]} == 0)) || names=("\${choices[@]/#/$name }")
  fi
  for each in "\${names[@]}"; do
    [[ $each == "$text"* ]] || continue
    [[ -n $quote || $each != *' '* ]] || each="\\"$each\\""
    COMPREPLY+=("$each")
  done
}

# Takes note of a value that says which instance is meant.
__balance_take() {
  case $1 in
    ${INSTANCE_OPTIONS.bind}) bind=$2 ;;
    ${INSTANCE_OPTIONS.runDir}) dir=$2 ;;
  esac
}

_balance() {
  local program=\${1/#\\~/$HOME} line=$COMP_LINE own=\${COMP_WORDS[COMP_CWORD]}
  local words=() at here=0 word lead letters expected over port bind dir
  COMPREPLY=()
  # readline splits at = : and @ as well: what has no blank between is one word.
  for ((at = 0; at < \${#COMP_WORDS[@]}; at++)); do
    word=\${COMP_WORDS[at]}
    if ((at > 0)) && [[ -n $word && $line == "$word"* ]]; then
      words[\${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    line=\${line#*"$word"}
    ((at != COMP_CWORD)) || here=$((\${#words[@]} - 1))
  done
  local cur=\${words[here]} expected_here over_here port_here
  # readline replaces its own piece alone, to which @ belongs; behind another sign that is nothing yet.
  case $own in [=:]) lead=$cur ;; *) lead=\${cur%"$own"} ;; esac
  lead=\${lead%@}
  for ((at = 1; at < \${#words[@]}; at++)); do
    word=\${words[at]}
    if ((at == here)); then
      expected_here=$expected over_here=$over port_here=$port expected=
      continue
    fi
    case $word in [\\"\\']*) word=\${word:1:\${#word} - 2} ;; esac
    if [[ -n $expected ]]; then
      __balance_take "$expected" "$word"
      expected=
    elif [[ -n $over || $word != -?* ]]; then
      port=\${port:-$word}
    elif [[ $word == -- ]]; then
      over=1
    elif [[ $word == --*=* ]]; then
      __balance_take "\${word%%=*}" "\${word#*=}"
    elif [[ $word == --* ]]; then
      case $word in %LONG%) expected=$word ;; esac
    else
      for ((letters = 1; letters < \${#word}; letters++)); do
        [[ \${word:letters:1} == [%SHORT%] ]] || continue
        expected=-\${word:letters:1}
        word=\${word:letters + 1}
        [[ -z $word ]] || { __balance_take "$expected" "$word"; expected=; }
        break
      done
    fi
  done
  if [[ -n $expected_here ]]; then
    __balance_value "$expected_here" "$cur" ''
  elif [[ -z $over_here && $cur == --*=* ]]; then
    __balance_value "\${cur%%=*}" "\${cur#*=}" "\${cur%%=*}="
  elif [[ -z $over_here && $cur == -* ]]; then
    __balance_offer '' "$cur" %OPTIONS%
  elif [[ $cur == @* ]]; then
    local prefix=@
    __balance_files -f "\${cur#@}"
  elif [[ -z $port_here ]]; then
    # shellcheck disable=SC2046
    __balance_offer '' "$cur" $(__balance_ports)
  else
    # shellcheck disable=SC2046
    __balance_offer '' "$cur" $(compgen -A hostname)
  fi
}

complete -F _balance balance
`;
