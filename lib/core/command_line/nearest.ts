/**
 * The word that somebody meant: "did you mean …".
 *
 * @module
 */

/** Letters of a word that are compared; no name of ours is longer. */
const LONGEST = 64;

/**
 * Finds the candidate that a mistyped word is nearest to.
 *
 * Near is: the candidate begins with the word, or at most a third of its letters are wrong, missing, too many or (two
 * neighbours) swapped. Capital letters count as small ones.
 *
 * @returns The nearest candidate, of equally near ones the first; `undefined` if none is near.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const typed = word.slice(0, LONGEST).toLowerCase();
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const name = candidate.toLowerCase();
    const wrong = editDistance(typed, name);
    const begins = typed.length > 1 && name.startsWith(typed);
    if (!begins && wrong * 3 > Math.max(typed.length, name.length)) continue;
    // What was only not typed to its end is nearer than what was typed wrong.
    const distance = begins ? wrong / LONGEST : wrong;
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/**
 * How many letters must be changed, left out, put in or swapped with their neighbour to make one word of another
 * (optimal string alignment).
 */
export function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let last: number[] = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    [before, last] = [last, current];
  }
  return last[to.length] ?? 0;
}
