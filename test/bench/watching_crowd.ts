/**
 * Whoever watches by HTTP, well or ill: a process of its own, until it is ended. `watching_crowd.ts KIND PORT`.
 *
 * @module
 */
const [kind = "", text = ""] = Deno.args;
const address = { hostname: "127.0.0.1", port: Number(text) };
const encoder = new TextEncoder();

function head(path: string): Uint8Array {
  return encoder.encode(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks once; reads everything, or nothing and stays. */
async function ask(path: string, reads = true): Promise<void> {
  try {
    using connection = await Deno.connect(address);
    await connection.write(head(path));
    const buffer = new Uint8Array(65536);
    if (!reads) await sleep(3_600_000);
    while (await connection.read(buffer) !== null);
  } catch {
    // Refused or dropped: that is what it is for.
  }
}

/** Many clients, each of which does something over and over. */
function crowd(count: number, act: () => Promise<void>): void {
  const live = async (): Promise<void> => {
    for (;;) await act();
  };
  for (let each = 0; each < count; each++) void live();
}

switch (kind) {
  case "scrape":
    crowd(1, async () => {
      await ask("/metrics");
      await sleep(1000);
    });
    break;
  case "dashboards":
    crowd(3, () => ask("/api/events"));
    break;
  case "idle":
    // One that is dropped comes again.
    crowd(1000, async () => {
      try {
        using connection = await Deno.connect(address);
        await connection.read(new Uint8Array(1));
      } catch {
        // Reset.
      }
      await sleep(1000);
    });
    break;
  case "hasty":
    crowd(32, () => ask("/metrics"));
    break;
  case "deaf":
    crowd(32, () => ask("/api/events", false));
    crowd(200, () => ask("/api/state", false));
    break;
}
