import { keepPace, type Pace, patienceMs } from "../../../lib/core/health/pace.ts";
import { withSeed } from "../../kit/random.ts";
import { assert, assertEquals } from "../../kit/assert.ts";

const OPTIONS = { intervalSeconds: 2, timeoutSeconds: 1 };

/** The pace behind checks that took so many milliseconds. */
function paceOf(times: readonly number[]): Pace | undefined {
  return times.reduce<Pace | undefined>(keepPace, undefined);
}

interface Patience {
  readonly name: string;
  readonly times: readonly number[];
  readonly options?: Partial<typeof OPTIONS>;
  readonly patience: number | undefined;
}

const CASES: readonly Patience[] = [
  { name: "no check is late before a good one is known", times: [], patience: undefined },
  { name: "quick checks are late after a tenth of a second", times: [1, 2, 1], patience: 100 },
  {
    name: "and after a tenth of an interval that is shorter",
    times: [1, 2, 1],
    options: { intervalSeconds: 0.5 },
    patience: 50,
  },
  {
    name: "a first check of 100 ms makes those late that take three times as long",
    times: [100],
    patience: 300,
  },
  { name: "a check is late at its timeout at the latest", times: [400], patience: 1000 },
  {
    name: "no check may take longer than its timeout",
    times: [1],
    options: { timeoutSeconds: 0.1, intervalSeconds: 60 },
    patience: 100,
  },
];

for (const { name, times, options, patience } of CASES) {
  Deno.test(name, () => {
    assertEquals(patienceMs(paceOf(times), { ...OPTIONS, ...options }), patience);
  });
}

Deno.test("a server that takes its time evenly is late after little more than that", () => {
  const pace = paceOf(Array.from({ length: 50 }, () => 300));
  const patience = patienceMs(pace, OPTIONS) ?? NaN;
  assert(patience >= 300 && patience < 301, String(patience));
});

Deno.test("checks that take up to twice as long as the shortest are late one time in fifty at most", () =>
  withSeed((random) => {
    let pace: Pace | undefined;
    let late = 0;
    for (let check = 0; check < 5000; check++) {
      const took = 150 + 150 * random.next();
      if (took > (patienceMs(pace, OPTIONS) ?? Infinity)) late++;
      pace = keepPace(pace, took);
    }
    assert(late <= 100, `${late} of 5000`);
  }));
