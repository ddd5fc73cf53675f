/**
 * The port of an instance, as the runtime binds it.
 *
 * @module
 */
import { bind } from "../traffic/deno/listener.ts";
import { granted } from "../system/permissions.ts";
import type { ListenAddress } from "../traffic/engine_config.ts";

/**
 * Binds the port for one worker. Several share it, which would also let a second instance share it: so it is tried
 * first whether it can be had alone, and given up at once, lest clients be lost in a queue that nobody serves.
 *
 * @param keep Whether it is kept.
 */
export function bindOrTry(address: ListenAddress, keep: boolean): Deno.TcpListener | undefined {
  const listener = bind(address, false);
  if (keep) return listener;
  listener.close();
  return undefined;
}

/** Whether listening there is permitted, which nobody but the runtime asks for. */
export function mayListen({ hostname, port }: ListenAddress): boolean {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return granted({ name: "net", host: `${host}:${port}` });
}
