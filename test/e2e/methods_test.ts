/** The methods of distributing, with two workers, as an operator sees them. */
import { freePort } from "../kit/ports.ts";
import { startBalance } from "../kit/start.ts";
import { commands, running } from "../kit/programs.ts";
import { getFrom, gets, HeldClient } from "../kit/clients.ts";
import { Backends, hold } from "../kit/backends.ts";
import { assert, assertEquals } from "../kit/assert.ts";

/** Clients who come at once and stay. */
class Crowd implements Disposable {
  readonly #stack = new DisposableStack();
  #names = "";

  /** Lets some more come; resolves when all of them are served. */
  async grow(count: number, port: number): Promise<void> {
    const guests = await Promise.all(Array.from({ length: count }, () => HeldClient.open(port)));
    for (const guest of guests) this.#names += this.#stack.use(guest).name || "-";
  }

  /** How many have each backend. */
  get counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const name of this.#names) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

/** 24 client addresses. */
const SOURCES = Array.from({ length: 24 }, (_, at) => `127.0.7.${at + 1}`);

/** What each of {@link SOURCES} gets. */
async function spread(port: number): Promise<string> {
  const names: string[] = [];
  for (const source of SOURCES) names.push(await getFrom(source, port, "127.0.0.1") || "-");
  return names.join("");
}

for (const command of commands()) {
  const test = (name: string, body: () => Promise<void>): void =>
    Deno.test(running(command, `--workers 2: ${name}`), body);

  test("weighted turns are smooth over both, from the next client on", async () => {
    await using backends = new Backends(3);
    const port = freePort();
    const args = ["-f", "--workers=2", port, ...backends.operands];
    await using balance = await startBalance(args, { command });
    assertEquals(await gets(3, port), "A B C");
    assertEquals(await balance.ask("weight 0 5"), "weight of channel 0 changed to 5");
    assertEquals((await gets(28, port)).replaceAll(" ", ""), "AABACAA".repeat(4));
    assertEquals(await balance.ask("weight 0 0"), "weight of channel 0 changed to 0");
    assertEquals((await gets(6, port)).replaceAll(" ", "").includes("A"), false);
  });

  test("least is exact with clients at once", async () => {
    await using backends = new Backends(3, hold);
    const port = freePort();
    const args = ["-f", "--workers=2", "--method", "least", port, ...backends.operands];
    await using balance = await startBalance(args, { command });
    using crowd = new Crowd();
    await crowd.grow(30, port);
    assertEquals(crowd.counts, { A: 10, B: 10, C: 10 });
    await balance.ask("weight 2 4");
    await crowd.grow(30, port);
    assertEquals(crowd.counts, { A: 10, B: 10, C: 40 });
    await crowd.grow(12, port);
    assertEquals(crowd.counts, { A: 12, B: 12, C: 48 });
    assertEquals(await balance.column("type"), ["LC", "LC", "LC"]);
  });

  test("random keeps loads nearly even, and gives a weight of 0 nobody", async () => {
    await using backends = new Backends(3, hold);
    const port = freePort();
    const args = ["-f", "--workers=2", "--method=random", port, ...backends.operands];
    await using balance = await startBalance(args, { command });
    await balance.ask("weight 1 0");
    using crowd = new Crowd();
    await crowd.grow(40, port);
    const { A = 0, C = 0 } = crowd.counts;
    assertEquals(A + C, 40);
    // Two channels: both are always drawn, and the one with fewer is taken.
    assert(Math.abs(A - C) <= 2, `${A} and ${C}`);
  });

  test("rendezvous keeps clients, moves those of a disabled channel alone, and gives them back", async () => {
    await using backends = new Backends(4);
    const port = freePort();
    const args = ["-f", "--workers=2", "--method=rendezvous", port, ...backends.operands];
    await using balance = await startBalance(args, { command });
    const before = await spread(port);
    assert(new Set(before).size > 1 && !before.includes("-"), before);
    assertEquals(await spread(port), before);
    const [gone = ""] = before;
    await balance.ask(`disable ${"ABCD".indexOf(gone)}`);
    for (const [at, name] of [...await spread(port)].entries()) {
      if (before[at] === gone) assert(name !== gone && name !== "-");
      else assertEquals(name, before[at]);
    }
    await balance.ask(`enable ${"ABCD".indexOf(gone)}`);
    assertEquals(await spread(port), before);
  });

  test("two instances of rendezvous agree, whatever the order of their operands", async () => {
    await using backends = new Backends(4);
    const [port, other] = [freePort(), freePort()];
    const method = "--method=rendezvous";
    await using _one = await startBalance(["-f", method, port, ...backends.operands], { command });
    const reversed = ["-f", "--workers=2", method, other, ...backends.operands.toReversed()];
    await using _two = await startBalance(reversed, { command });
    assertEquals(await spread(port), await spread(other));
  });

  test("a load bound shares one client's connections among the channels", async () => {
    await using backends = new Backends(4, hold);
    const port = freePort();
    const args = ["-f", "--workers=2", "--method=rendezvous", "--load-bound=100", port];
    await using _balance = await startBalance([...args, ...backends.operands], { command });
    using crowd = new Crowd();
    await crowd.grow(40, port);
    assertEquals(crowd.counts, { A: 10, B: 10, C: 10, D: 10 });
  });

  test("every method fails over to the servers that work", async () => {
    await using backends = new Backends(2);
    for (const method of ["least", "random", "rendezvous"]) {
      const port = freePort();
      const args = ["-f", "--workers=2", "--method", method, port];
      const operands = [`127.0.0.1:${freePort()}`, ...backends.operands];
      await using _balance = await startBalance([...args, ...operands], { command });
      const names = new Set(await spread(port));
      assertEquals([...names].toSorted(), ["A", "B"]);
    }
  });

  test("methods go to the groups in order, % keeps its own, and the shell changes them", async () => {
    const port = freePort();
    const operands = ["h1", "!", "h2", "%", "h3", "!", "h4", "!", "h5"];
    const hosts = operands.map((word) => word.replace("h", "127.0.0."));
    const args = ["-f", "--workers=2", "--method=least,random,rendezvous", port, ...hosts];
    await using balance = await startBalance(args, { command });
    assertEquals(await balance.column("type"), ["LC", "Hash", "P2", "HRW", "HRW"]);
    assertEquals(await balance.ask("method rr"), "group 0 set to round robin");
    assertEquals(await balance.ask("hash"), "group 0 set to hash");
    assertEquals(await balance.ask("me rendezvous"), "group 0 set to rendezvous");
    assertEquals(
      await balance.ask("method best"),
      "unknown method (rr, hash, least, random or rendezvous)",
    );
    assertEquals(await balance.column("type"), ["HRW", "Hash", "P2", "HRW", "HRW"]);
  });
}
