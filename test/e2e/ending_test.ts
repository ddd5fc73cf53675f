/** How connections end: half-close, silence, timeouts. */
import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { answerAfterEof, finishFirst, hold, sink, startBackend } from "../kit/backends.ts";
import { dial, get, HeldClient } from "../kit/clients.ts";
import { BlackHole } from "../kit/black_hole.ts";
import { startBalance } from "../kit/start.ts";
import { wakeUps } from "../kit/processes.ts";
import { freePort } from "../kit/ports.ts";
import { eventually, sleep, within } from "../kit/wait.ts";
import { receiveAll, receiveLine, send } from "../kit/streams.ts";

/** Seconds since a moment of `performance.now()`. */
function since(start: number): number {
  return (performance.now() - start) / 1000;
}

Deno.test("a client that ends its sending side still gets the answer", async () => {
  await using backend = startBackend("A", answerAfterEof);
  const port = freePort();
  await using balance = await startBalance(["-f", port, backend.operand]);
  using connection = await dial(port);
  await send(connection, "x".repeat(100_000));
  await connection.closeWrite();
  assertEquals(await within(receiveAll(connection), "the answer"), "100000 bytes received\n");
  await balance.idle();
});

Deno.test("a server that ends first lets the upload go on: nothing is lost", async () => {
  await using backend = startBackend("A", finishFirst);
  const port = freePort();
  await using balance = await startBalance(["-f", port, backend.operand]);
  using connection = await dial(port);
  assertEquals(await within(receiveAll(connection), "the server's end"), "A\n");
  assertEquals(await balance.column("c"), [1]);
  await send(connection, "y".repeat(500_000));
  await connection.closeWrite();
  await balance.idle();
  assertEquals((await balance.show()).map(({ sent, received }) => [sent, received]), [[
    500_000,
    2,
  ]]);
});

Deno.test("c counts a connection until both directions have ended", async () => {
  const looked = Promise.withResolvers<void>();
  await using backend = startBackend("A", async (connection) => {
    await receiveAll(connection);
    await looked.promise;
  });
  // The backend ends only after its connections, whatever the test comes to.
  using end = new DisposableStack();
  end.defer(looked.resolve);
  const port = freePort();
  await using balance = await startBalance(["-f", port, backend.operand]);
  using connection = await dial(port);
  await connection.closeWrite();
  await eventually(async () => (await balance.column("totalc"))[0] === 1, "it is connected");
  assertEquals(await balance.column("c"), [1]);
  looked.resolve();
  await within(receiveAll(connection), "the server's end");
  await balance.idle();
});

Deno.test("silence is bounded: 10 s for a client after its server's end, -T to the second", async () => {
  await using closer = startBackend("B");
  await using idler = startBackend("C", hold);
  await using ender = startBackend("D", sink);
  const [graceful, idle, ended] = [freePort(), freePort(), freePort()];
  await using first = await startBalance(["-f", graceful, `${closer.operand}:1`]);
  await using second = await startBalance(["-f", "-T2", idle, idler.operand]);
  await using third = await startBalance(["-f", "-T2", ended, ender.operand]);

  const serverEnded = async (): Promise<number> => {
    using connection = await dial(graceful);
    assertEquals(await receiveLine(connection), "B\n");
    const start = performance.now();
    await receiveAll(connection);
    // The client has the server's end, and its own direction stays open.
    assertEquals(await first.column("c"), [1]);
    await first.idle(20_000);
    return since(start);
  };
  const silent = async (): Promise<number> => {
    using client = await HeldClient.open(idle);
    await sleep(1000);
    await send(client.connection, "a byte starts the time again");
    const start = performance.now();
    assertEquals(await receiveAll(client.connection), "");
    await second.idle();
    return since(start);
  };
  const clientEnded = async (): Promise<number> => {
    using connection = await dial(ended);
    await send(connection, "x");
    await connection.closeWrite();
    const start = performance.now();
    // A sink closes by itself at the end of file: the connection ends at once.
    await receiveAll(connection);
    await third.idle();
    return since(start);
  };
  const [grace, idleTime, atOnce] = await Promise.all([serverEnded(), silent(), clientEnded()]);
  for (const [seconds, low, high] of [[grace, 9.7, 13], [idleTime, 1.9, 4.5], [atOnce, 0, 1.5]]) {
    assert((seconds ?? 0) >= (low ?? 0) && (seconds ?? 0) < (high ?? 0), `${seconds} s`);
  }
  await second.stderr.until("\n");
  assertEquals(second.stderr.text, "timed out after 2 seconds\n");
  assertEquals([first.stderr.text, third.stderr.text], ["", ""]);
});

Deno.test("after the client's end a silent server has -T seconds, then all is closed quietly", async () => {
  const over = Promise.withResolvers<void>();
  await using backend = startBackend("A", async (connection) => {
    await receiveAll(connection);
    // It never closes by itself: the balancer does.
    await over.promise;
  });
  const port = freePort();
  await using balance = await startBalance(["-f", "-T1", port, `${backend.operand}:1`]);
  using connection = await dial(port);
  await connection.closeWrite();
  const start = performance.now();
  await within(receiveAll(connection), "the end");
  await balance.idle();
  assertGreater(since(start), 0.9);
  assert(since(start) < 4, `${since(start)} s`);
  over.resolve();
});

Deno.test("-t: a server that does not answer is given up, its client served by the next", async () => {
  await using hole = await BlackHole.open();
  await using backend = startBackend("A");
  const port = freePort();
  const operands = [`127.0.0.1:${hole.port}`, backend.operand];
  await using balance = await startBalance(["-fa", "-t1", port, ...operands]);
  const start = performance.now();
  const waiting = get(port, undefined, "kept and delivered");
  await eventually(async () => (await balance.column("c"))[0] === 1, "the attempt counts in c");
  assertEquals(await waiting, "A");
  assertGreater(since(start), 0.9);
  assert(since(start) < 4, `${since(start)} s`);
  assertEquals(await balance.column("status"), ["dis", "ENA"]);
  assertEquals(await balance.column("totalc"), [1, 1]);
});

Deno.test("with idle connections nothing wakes it up, and -t is right after such a time", async () => {
  await using hole = await BlackHole.open();
  await using backend = startBackend("A", hold);
  const port = freePort();
  await using balance = await startBalance(["-f", "-t1", port, backend.operand]);
  using guests = new DisposableStack();
  for (let count = 0; count < 20; count++) guests.use(await HeldClient.open(port));
  // Beside the look at the control socket every two seconds; a ticker that is awake ticks four times a second.
  await eventually(async () => {
    const before = wakeUps(balance.pid);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return wakeUps(balance.pid) - before < 3;
  }, "a second without ticks");
  await balance.ask(`create 127.0.0.1 ${hole.port}`);
  await balance.ask("enable 1");
  await balance.ask("disable 0");
  const start = performance.now();
  using guest = await HeldClient.open(port);
  assertEquals(guest.name, "");
  assertGreater(since(start), 0.9);
  assert(since(start) < 4, `${since(start)} s`);
  assertEquals(await balance.column("c"), [20, 0]);
});

Deno.test("a reset of the server ends the client's connection, and the place is free", async () => {
  await using backend = startBackend("A", async (connection) => {
    // Closing with unread data resets: of what has come, one byte is read.
    await connection.read(new Uint8Array(1));
    connection.close();
  });
  const port = freePort();
  await using balance = await startBalance(["-f", port, `${backend.operand}:1`]);
  using connection = await dial(port);
  await send(connection, "unread");
  assertEquals(await within(receiveAll(connection), "the end"), "");
  connection.close();
  await balance.idle();
  assertEquals(balance.stderr.text, "");
});
