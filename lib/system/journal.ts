/**
 * Whether the system's journal reads what this process writes to stderr.
 *
 * @module
 */

/**
 * Compares stderr with what the service manager says of the journal's stream: a stderr that was redirected since is another
 * file.
 *
 * @param stream Text of `JOURNAL_STREAM`, if there is one: device and inode, `9:4711`.
 */
export async function isJournalOnStderr(stream: string | undefined): Promise<boolean> {
  if (stream === undefined) return false;
  // Loaded for those alone who run as a service.
  const { fstatSync } = await import("node:fs");
  try {
    const { dev, ino } = fstatSync(2);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
