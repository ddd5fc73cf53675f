/**
 * Who may connect: `--allow` and `--deny`.
 *
 * @module
 */
import { contains, type NetworkSet } from "../net/cidr.ts";

/** The two lists; `undefined` is a list that was not given. */
export interface AccessLists {
  /** Networks whose clients are served; all others are not. */
  readonly allow: NetworkSet | undefined;
  /** Networks whose clients are not served, whatever `allow` says. */
  readonly deny: NetworkSet | undefined;
}

/** What the lists say of a client; anything but `allowed` is a reason to count a refused client by. */
export type Access = "allowed" | "denied" | "not allowed";

/**
 * Decides about a client: deny wins, and with an allow list all others are denied.
 *
 * @param client 16 bytes of address; IPv4 is mapped.
 */
export function decideAccess({ allow, deny }: AccessLists, client: Uint8Array): Access {
  if (deny !== undefined && contains(deny, client)) return "denied";
  return allow === undefined || contains(allow, client) ? "allowed" : "not allowed";
}
