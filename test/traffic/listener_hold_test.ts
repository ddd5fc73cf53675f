/** The accept loop while descriptors are out in another thread. */
import { assertEquals } from "../kit/assert.ts";
import { eventually, sleep } from "../kit/wait.ts";
import { AcceptLoop } from "./accept_loop.ts";

/** A loop at whose door there is always somebody. */
class Crowded extends AcceptLoop {
  constructor(most: number) {
    const full = Promise.withResolvers<never>();
    full.promise.catch(() => {});
    super({
      // A real one gives other tasks their turn, too.
      accept: async () => {
        await sleep(0);
        return this.clients < most ? {} as Deno.TcpConn : await full.promise;
      },
      close: () => full.reject(new Deno.errors.BadResource()),
    });
  }
}

Deno.test("a thread that is told to hold serves no more clients than then, and one if it had none", async () => {
  for (const now of [0, 3]) {
    await using crowded = new Crowded(100);
    if (now > 0) await eventually(() => crowded.clients >= now, "some clients");
    crowded.acceptor.hold();
    const held = Math.max(1, crowded.clients);
    // The accept that had begun ends as it does.
    await crowded.looksOn();
    assertEquals(crowded.clients - held <= 1, true);
    const full = crowded.clients;
    crowded.acceptor.hold();
    await crowded.looksOn();
    assertEquals(crowded.clients, full);
  }
});

Deno.test("a client that leaves makes room for the next at once", async () => {
  await using crowded = new Crowded(100);
  await eventually(() => crowded.clients >= 3, "some clients");
  const { clients } = crowded;
  crowded.acceptor.hold();
  await crowded.looksOn();
  const began = performance.now();
  for (let count = 0; count < 20; count++) {
    crowded.clients = clients - 1;
    crowded.acceptor.clientLeft();
    await eventually(() => crowded.clients >= clients, "the next client");
  }
  const spent = performance.now() - began;
  assertEquals(spent < 1500, true, `${spent} ms for 20 clients`);
});
