/**
 * What tests read out of the documents.
 *
 * @module
 */

/** The text of a section, by its heading of the second level. */
export function sectionOf(document: string, heading: string): string {
  const [, text = ""] = document.split(`\n## ${heading}\n`);
  return text.split("\n## ", 1)[0] ?? "";
}

/** The blocks of shell commands in a text, those in lists too. */
export function commandsIn(text: string): readonly string[] {
  return [...text.matchAll(/^( *)```sh\n([^]*?)^ *```$/gm)].map(([, indent = "", block = ""]) =>
    block.split("\n").map((line) => line.slice(indent.length)).join("\n").trim()
  );
}

/** The cells of a table of a document, found by its header. */
export function tableOf(document: string, ...header: string[]): string[][] {
  const rows = document.split("\n").map((line) =>
    line.startsWith("|") ? line.slice(1, -1).split("|").map((cell) => cell.trim()) : []
  );
  const start = rows.findIndex((row) => JSON.stringify(row) === JSON.stringify(header));
  const rest = rows.slice(start + 2);
  return start < 0 ? [] : rest.slice(0, rest.findIndex((row) => row.length === 0));
}
