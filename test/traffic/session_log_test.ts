import type { Lease } from "../../lib/core/session/attempt.ts";
import { observeAttempts } from "../../lib/traffic/session_log.ts";
import { assertEquals } from "../kit/assert.ts";

const SILENT = { log: () => {}, outOfDescriptors: () => {}, trace: undefined };

function lease(slot: number): Lease {
  return { slot, endpoint: { family: "ipv4", address: 0, port: 0 } };
}

Deno.test("of many failed connects of a channel one is told at once, and of each channel for itself", () => {
  const told: number[] = [];
  const { failed } = observeAttempts({ ...SILENT, connectFailed: (slot) => told.push(slot) });
  for (let count = 0; count < 100; count++) {
    failed?.(lease(3));
    failed?.(lease(65));
  }
  assertEquals(told, [3, 65]);
});

Deno.test("failed connects are told to nobody who does not ask", () => {
  assertEquals(observeAttempts(SILENT).failed, undefined);
});
