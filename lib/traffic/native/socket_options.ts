/**
 * Options of sockets that more than one module sets.
 *
 * @module
 */
import type { PeerTimeouts } from "../../core/edge/peer_timeouts.ts";
import { FAMILY, LEVEL, OPTION } from "./abi.ts";
import type { Libc } from "./libc.ts";

/** Sets what a new socket has, which another process may have changed. */
export function resetPeerTimeouts(libc: Libc, fd: number): void {
  const { keepIdle, keepInterval, keepCount, userTimeout } = OPTION.tcp;
  const fresh = libc.socket(FAMILY.ipv4);
  if (fresh < 0) return;
  for (const option of [keepIdle, keepInterval, keepCount, userTimeout]) {
    libc.setOption(fd, LEVEL.tcp, option, libc.option(fresh, LEVEL.tcp, option));
  }
  libc.close(fresh);
}

/** Sets what was asked for; a listening socket hands it down to its clients. */
export function setPeerTimeouts(
  libc: Libc,
  fd: number,
  { probes, userTimeout }: PeerTimeouts,
): void {
  const { keepIdle, keepInterval, keepCount, userTimeout: option } = OPTION.tcp;
  if (probes !== undefined) {
    libc.setOption(fd, LEVEL.tcp, keepIdle, probes.idle);
    libc.setOption(fd, LEVEL.tcp, keepInterval, probes.interval);
    libc.setOption(fd, LEVEL.tcp, keepCount, probes.count);
  }
  if (userTimeout > 0) libc.setOption(fd, LEVEL.tcp, option, userTimeout * 1000);
}
