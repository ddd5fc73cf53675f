/**
 * What the shell's `health` shows of a channel.
 *
 * @module
 */
import type { ChannelHealth } from "../core/health/channel_health.ts";
import type { HealthView } from "../core/report/health.ts";
import { ejectionPhase, failuresInARow } from "../core/table/ejection.ts";
import { channelOf, channelWord, groupOf } from "../core/table/schema.ts";
import { type CheckPlace, nameOf } from "./channel_checks.ts";

/** Puts together what is known of a channel, as of now. */
export function viewHealth(
  place: CheckPlace,
  slot: number,
  { health, check, checks }: Pick<HealthView, "checks"> & {
    readonly health: ChannelHealth;
    readonly check: string | undefined;
  },
): HealthView {
  const { table } = place;
  const now = performance.now();
  const { ejection, changes } = health;
  const { last } = health.check;
  const phase = ejectionPhase(table, slot);
  const waits = ejection.phase === "out" ? Math.max(0, ejection.untilMs - now) : 0;
  return {
    group: groupOf(slot),
    channel: channelOf(slot),
    name: nameOf(place, slot),
    enabled: Atomics.load(table.words, channelWord(slot, "enabled")) === 1,
    observed: health.observed,
    forMs: now - health.sinceMs,
    reason: health.reason,
    check,
    last: last && { reason: last.reason, tookMs: last.tookMs, agoMs: now - last.atMs },
    late: health.check.late,
    failures: failuresInARow(table, slot),
    trial: phase === "in service" ? undefined : phase === "on trial" ? "now" : waits,
    downs: changes.down,
    ejections: changes.ejected,
    checks,
    transitions: changes,
  };
}
