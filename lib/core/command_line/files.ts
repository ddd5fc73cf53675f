/**
 * Operands that stand for the words of a file: `@FILE`. The words take the operand's place, options, port and
 * destinations alike.
 *
 * @module
 */
import { EXIT, ExitError } from "../errors.ts";
import { printable } from "../text.ts";
import { takesNext } from "./options.ts";
import { parseWords } from "./words.ts";

/** Reads a file's text; throws for one that cannot be read. */
export type FileReader = (path: string) => string;

/**
 * Puts the words of files in the place of `@FILE` operands.
 *
 * The value of an option is no operand: `-b @x` names no file. A word of a file that begins with `@`, in quotes, stays as
 * it is. `@` alone is an ordinary operand.
 *
 * @param argv The words behind the program's name.
 * @param posix Whether the first operand ends the options (`POSIXLY_CORRECT`).
 * @throws {ExitError} 64 for a file with a fault in it, naming the line.
 */
export function expandFiles(
  argv: readonly string[],
  posix: boolean,
  read: FileReader,
): string[] {
  const expanded: string[] = [];
  let isValue = false;
  let optionsOver = false;
  const take = (word: string): void => {
    const isOption = !isValue && !optionsOver && word.startsWith("-") && word !== "-";
    if (word === "--" && isOption) optionsOver = true;
    if (posix && !isOption && !isValue) optionsOver = true;
    isValue = isOption && !optionsOver && takesNext(word);
    expanded.push(word);
  };
  for (const word of argv) {
    if (isValue || !/^@./s.test(word)) take(word);
    else wordsOf(word, read).forEach(take);
  }
  return expanded;
}

function wordsOf(operand: string, read: FileReader): string[] {
  const parsed = parseWords(read(operand.slice(1)));
  if (parsed.kind === "words") return parsed.words.map(({ text }) => text);
  throw new ExitError(
    EXIT.usage,
    `balance: ${printable(operand)}, line ${parsed.line}: ${parsed.reason}`,
  );
}
