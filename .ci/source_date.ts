/**
 * The time that everything built is dated with, so that two builds of one commit are the same to the byte.
 *
 * @module
 */

/**
 * Seconds since 1970: `SOURCE_DATE_EPOCH` if it is set, else the time of the commit, else 0.
 *
 * @param root The top of the repository.
 */
export function sourceDate(root: string): number {
  const given = Deno.env.get("SOURCE_DATE_EPOCH") ?? "";
  if (/^\d+$/.test(given)) return Number(given);
  try {
    const { stdout } = new Deno.Command("git", {
      args: ["log", "-1", "--format=%ct"],
      cwd: root,
      stderr: "null",
    }).outputSync();
    return Number(new TextDecoder().decode(stdout));
  } catch {
    return 0;
  }
}
