/** What the client of the counting threads may have. */
export const LIMIT = 400_000;
