/**
 * What a channel is used for, as bits of one word.
 *
 * | bits | meaning |
 * | --- | --- |
 * | 0 | it is a backup: used only while nothing else of its group is usable |
 * | 1, 2 | PROXY header that is sent to it: index in {@link PROXIES} |
 * | 3 | it follows the records of a `dns:` or `srv:` destination |
 *
 * @module
 */

/** What can be said of the PROXY header; the index is the number in the table, the first is what nobody said. */
export const PROXIES = ["default", "v1", "v2", "off"] as const;

/** What a channel is used for. */
export interface Flags {
  /** Whether it is used only while nothing else of its group is usable. */
  readonly backup: boolean;
  /** PROXY header that is sent to it; `default` is what `--proxy-out` says. */
  readonly proxy: typeof PROXIES[number];
  /** Whether it is a member of a `dns:` or `srv:` destination. */
  readonly member: boolean;
}

const BACKUP = 1;
const PROXY_SHIFT = 1;
const MEMBER = 8;

/** Writes flags as one word. */
export function encodeFlags({ backup, proxy, member }: Flags): number {
  return (backup ? BACKUP : 0) | (PROXIES.indexOf(proxy) << PROXY_SHIFT) | (member ? MEMBER : 0);
}

/** Reads what {@link encodeFlags} wrote. */
export function decodeFlags(word: number): Flags {
  return {
    backup: isBackup(word),
    proxy: PROXIES[(word >> PROXY_SHIFT) & 3] ?? "default",
    member: (word & MEMBER) !== 0,
  };
}

/** Whether flags say that a channel is a backup. */
export function isBackup(word: number): boolean {
  return (word & BACKUP) !== 0;
}
