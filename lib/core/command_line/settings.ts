/**
 * What a destination says of its channel beside the place: the words of the table that attributes decide.
 *
 * @module
 */
import { encodeFlags } from "../table/flags.ts";
import type { Destination } from "./destination.ts";

/** Settings of a channel, ready for a `create`. */
export interface ChannelSettings {
  /** Most simultaneous connections; 0 is no limit. */
  readonly maxc: number;
  /** Share of new connections, 0 to 1000. */
  readonly weight: number;
  /** Bits as `encodeFlags` writes them. */
  readonly flags: number;
}

/** The settings that a destination asks for. */
export function channelSettings({ address, maxc, attributes }: Destination): ChannelSettings {
  const { weight = 1, backup = false, proxy = "default" } = attributes;
  return { maxc, weight, flags: encodeFlags({ backup, proxy, member: followsRecords(address) }) };
}

/** Whether an address stands for as many channels as there are records. */
export function followsRecords({ kind }: Destination["address"]): boolean {
  return kind === "dns" || kind === "srv";
}
