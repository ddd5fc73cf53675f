import { formatHealth, type HealthView } from "../../../lib/core/report/health.ts";
import { formatTry } from "../../../lib/core/report/try.ts";
import { assertEquals } from "../../kit/assert.ts";

const WELL: HealthView = {
  group: 0,
  channel: 0,
  name: "web1",
  enabled: true,
  observed: "up",
  forMs: 7_380_000,
  reason: undefined,
  checks: { good: 1, bad: 0 },
  transitions: { up: 0, down: 0, ejected: 0, unresolved: 0 },
  check: "tcp",
  last: { reason: "connected", tookMs: 0.34, agoMs: 10 },
  late: false,
  failures: 0,
  trial: undefined,
  downs: 0,
  ejections: 0,
};

Deno.test("health prints a row a channel, what there is not as a dash", () => {
  const lines = formatHealth([
    WELL,
    {
      ...WELL,
      channel: 11,
      name: "a \x1b name",
      observed: "ejected",
      forMs: 900,
      check: undefined,
      last: undefined,
      failures: 3,
      trial: 1234,
      ejections: 12,
    },
    {
      ...WELL,
      group: 1,
      enabled: false,
      observed: "down",
      check: "http",
      last: { reason: "http 503", tookMs: 1000, agoMs: 10 },
      trial: 0,
      downs: 1,
    },
    { ...WELL, group: 1, channel: 1, last: undefined, trial: "now" },
    { ...WELL, group: 1, channel: 2, late: true },
  ]);
  assertEquals(lines, [
    "GRP   #    S    state  since  check      ms  fails  trial  downs  ejcts  name         last check",
    "  0   0  ENA       up   2h3m    tcp     0.3      0      -      0      0  web1         connected",
    "  0  11  ENA  ejected     0s      -       -      3   1.2s      0     12  a \\x1b name  -",
    "  1   0  dis     down   2h3m   http  1000.0      0    due      1      0  web1         http 503",
    "  1   1  ENA       up   2h3m    tcp       -      0    now      0      0  web1         -",
    "  1   2  ENA       up   2h3m    tcp     0.3      0      -      0      0  web1         connected; the next is late",
  ]);
});

Deno.test("health of no channel is its header", () => {
  assertEquals(formatHealth([]), [
    "GRP  #  S  state  since  check  ms  fails  trial  downs  ejcts  name  last check",
  ]);
});

Deno.test("--try prints a row a channel, a name without address too", () => {
  const view = { group: 0, channel: 0, name: "web1", address: "10.0.0.1:80", check: "tcp" };
  const lines = formatTry([
    { ...view, found: { ok: true, reason: "connected", tookMs: 3.14 } },
    {
      ...view,
      group: 1,
      name: "nobody:80",
      address: undefined,
      found: { ok: false, reason: "unknown or invalid address", tookMs: 0 },
    },
  ]);
  assertEquals(lines, [
    "GRP  #      address  check   ms  works  name       result",
    "  0  0  10.0.0.1:80    tcp  3.1    yes  web1       connected",
    "  1  0            -    tcp    -     no  nobody:80  unknown or invalid address",
  ]);
});
