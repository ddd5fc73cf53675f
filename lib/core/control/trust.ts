/**
 * Which folder a control socket may be made or looked for in.
 *
 * @module
 */

/** What is looked at of a folder; a `Deno.FileInfo` has it. */
export interface FolderInfo {
  /** Whether it is a folder; a symbolic link to one is none. */
  readonly isDirectory: boolean;
  /** Its owner. */
  readonly uid: number | null;
  /** Its mode, file type bits included. */
  readonly mode: number | null;
}

/** Who wants to use a folder. */
export interface FolderUser {
  /** The user's id. */
  readonly uid: number;
  /** Whether the user named the folder (`--run-dir`). */
  readonly named: boolean;
}

const STICKY = 0o1000;
/** Writable for the group or for everybody. */
const OTHERS_WRITE = 0o022;

/**
 * Why a user must not trust a folder: somebody other than its owner could put something else in place of what the owner
 * made there, or the owner is a stranger.
 *
 * Root may name anybody's folder, but does not come upon one by itself.
 *
 * @returns The reason, to stand behind the folder's name; undefined if the folder may be trusted.
 */
export function whyNotTrusted(folder: FolderInfo, { uid, named }: FolderUser): string | undefined {
  if (!folder.isDirectory) return "it is not a directory";
  const owned = folder.uid === uid || folder.uid === 0 || (named && uid === 0);
  if (!owned) return `it belongs to another user (uid ${folder.uid})`;
  const mode = (folder.mode ?? 0) & 0o7777;
  if ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0) return undefined;
  return `others can write to it and it is not sticky (mode ${mode.toString(8).padStart(4, "0")})`;
}

/** Whether a user may make files in a folder, as far as owner and mode tell. */
export function writableFor(folder: FolderInfo, uid: number): boolean {
  const mode = folder.mode ?? 0;
  return uid === 0 || (mode & 0o002) !== 0 || (folder.uid === uid && (mode & 0o200) !== 0);
}
