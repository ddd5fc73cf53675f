/**
 * RESULTS.md: generated sections between markers, everything else is written by hand.
 *
 * @module
 */

const EMPTY = `# Benchmark results

Written by \`deno task bench --write\` and \`deno task bench:scale --write\` between the markers; the
rest is written by hand and kept.
`;

/**
 * Replaces one generated section, or appends it when there is none yet. Pure.
 *
 * @param section Name in the markers, e.g. "bench".
 */
export function replaceSection(text: string, section: string, body: string): string {
  const begin = `<!-- ${section}: generated, begin -->`;
  const end = `<!-- ${section}: generated, end -->`;
  const block = `${begin}\n\n${body.trim()}\n\n${end}`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) return `${text.trimEnd()}\n\n${block}\n`;
  return text.slice(0, from) + block + text.slice(to + end.length);
}

/** Writes one section into a file, which is made when it does not exist. */
export async function writeSection(path: string, section: string, body: string): Promise<void> {
  let text = EMPTY;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await Deno.writeTextFile(path, replaceSection(text, section, body));
}
