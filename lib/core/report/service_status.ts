/**
 * The line that a service manager shows for an instance.
 *
 * @module
 */
import type { ChannelView } from "../table/view.ts";

/**
 * Writes how many channels a client could get, and how many connections there are.
 *
 * @param draining Whether no more clients are accepted.
 */
export function formatServiceStatus(views: readonly ChannelView[], draining: boolean): string {
  const connections = counted(views.reduce((sum, { c }) => sum + c, 0), "connection");
  if (draining) return `draining, ${connections} left`;
  const channels = views.filter(({ leaving }) => !leaving);
  const up = channels.filter(({ enabled, observed }) => enabled && observed === "up");
  return `${up.length} of ${counted(channels.length, "channel")} up, ${connections}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
