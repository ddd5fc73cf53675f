/** The accept loop while descriptors are out in another thread. */
import { Acceptor } from "../../lib/traffic/deno/listener.ts";
import { assertEquals } from "../kit/assert.ts";
import { eventually } from "../hard/kit.ts";

/** An acceptor with a loop that runs, at whose door there is always somebody. */
class Crowded implements AsyncDisposable {
  clients = 0;
  /** Times that the loop asked how many clients there are. */
  looks = 0;
  readonly acceptor: Acceptor;
  readonly #running: Promise<void>;

  constructor(most: number) {
    const full = Promise.withResolvers<never>();
    full.promise.catch(() => {});
    const listener = {
      // A real one gives other tasks their turn, too.
      accept: async () => {
        await new Promise((resolve) => setTimeout(resolve, 0));
        return this.clients < most ? {} : await full.promise;
      },
      close: () => full.reject(new Deno.errors.BadResource()),
    };
    this.acceptor = new Acceptor(listener as unknown as Deno.TcpListener, {
      log: () => {},
      trace: undefined,
      outOfDescriptors: () => {},
    });
    this.#running = this.acceptor.run(() => this.clients++, () => {
      this.looks++;
      return this.clients;
    });
  }

  /** Waits until the loop has looked a few times more whether it may accept. */
  async looksOn(): Promise<void> {
    const until = this.looks + 3;
    await eventually("three looks", () => this.looks >= until);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.acceptor.close();
    await this.#running;
  }
}

Deno.test("a thread that is told to hold serves no more clients than then, and one if it had none", async () => {
  for (const now of [0, 3]) {
    await using crowded = new Crowded(100);
    if (now > 0) await eventually("some clients", () => crowded.clients >= now);
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
  await eventually("some clients", () => crowded.clients >= 3);
  const { clients } = crowded;
  crowded.acceptor.hold();
  await crowded.looksOn();
  const began = performance.now();
  for (let count = 0; count < 20; count++) {
    crowded.clients = clients - 1;
    crowded.acceptor.clientLeft();
    await eventually("the next client", () => crowded.clients >= clients);
  }
  const spent = performance.now() - began;
  assertEquals(spent < 1500, true, `${spent} ms for 20 clients`);
});
