import { within } from "../../kit/wait.ts";
import { releaseAll } from "../../../lib/core/table/access.ts";
import { freeLocks, lockGroup, unlockGroup } from "../../../lib/core/table/lock.ts";
import { groupWord, type Table } from "../../../lib/core/table/schema.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeTable } from "../../kit/make_table.ts";

function owners(table: Table): (number | undefined)[] {
  return [0, 1, 15].map((group) => table.words[groupWord(group, "lock")]);
}

/** A thread that wants the lock of group 0. */
class Owner implements Disposable {
  readonly #thread = new Worker(new URL("./lock_owner.ts", import.meta.url), { type: "module" });
  readonly #heard: string[] = [];
  #woken: () => void = () => {};

  constructor({ memory, workers }: Table, worker: number) {
    this.#thread.onmessage = ({ data }): void => {
      this.#heard.push(data);
      this.#woken();
    };
    this.#thread.postMessage({ memory, workers, worker });
  }

  async says(word: string): Promise<void> {
    while (!this.#heard.includes(word)) {
      await within(new Promise<void>((resolve) => this.#woken = resolve), `"${word}"`);
    }
  }

  get has(): boolean {
    return this.#heard.includes("has");
  }

  unlock(): void {
    this.#thread.postMessage("unlock");
  }

  [Symbol.dispose](): void {
    this.#thread.terminate();
  }
}

Deno.test("lockGroup() names its owner in the group alone, unlockGroup() frees it", () => {
  const table = makeTable("a ! b", 3);
  lockGroup(table, 2, 1);
  assertEquals(owners(table), [0, 3, 0]);
  unlockGroup(table, 2, 1);
  assertEquals(owners(table), [0, 0, 0]);
});

Deno.test("with one worker there is no lock to take", () => {
  const table = makeTable("a");
  lockGroup(table, 0, 0);
  assertEquals(owners(table), [0, 0, 0]);
});

Deno.test("a worker takes over what its dead predecessor has left locked", async () => {
  const table = makeTable("a", 2);
  lockGroup(table, 1, 0);
  using successor = new Owner(table, 1);
  await successor.says("has");
  assertEquals(owners(table), [2, 0, 0]);
});

Deno.test("freeLocks() and releaseAll() free one worker's locks in every group, nobody else's", () => {
  const table = makeTable("a ! b", 2);
  for (const free of [freeLocks, releaseAll]) {
    lockGroup(table, 0, 0);
    lockGroup(table, 0, 15);
    lockGroup(table, 1, 1);
    free(table, 0);
    assertEquals(owners(table), [0, 2, 0]);
    unlockGroup(table, 0, 1);
    assertEquals(owners(table), [0, 2, 0]);
    unlockGroup(table, 1, 1);
  }
});

Deno.test("a thread waits for the lock of another one", async () => {
  const table = makeTable("a", 2);
  using first = new Owner(table, 0);
  await first.says("has");
  using second = new Owner(table, 1);
  await second.says("wants");
  assertEquals([second.has, owners(table)[0]], [false, 1]);
  first.unlock();
  await second.says("has");
  assertEquals(owners(table)[0], 2);
});

Deno.test("a thread that dies with the lock does not block another one", async () => {
  const table = makeTable("a", 2);
  {
    using first = new Owner(table, 0);
    await first.says("has");
  }
  using second = new Owner(table, 1);
  await second.says("wants");
  releaseAll(table, 0);
  await second.says("has");
  assertEquals(owners(table)[0], 2);
});
