/** What each serving option does to clients. */
import { assertEquals } from "../kit/assert.ts";
import { ipv6, needing } from "../kit/needs.ts";
import { Backends, echo, hold, sink, startBackend } from "../kit/backends.ts";
import { checkEcho, dial, get, getFrom, gets, HeldClient } from "../kit/clients.ts";
import { NATIVE } from "../kit/programs.ts";
import { startBalance } from "../kit/start.ts";
import { deadPort, freePort, ownAddress } from "../kit/ports.ts";
import { type SocketOptions, socketOptions } from "../kit/socket_options.ts";
import { eventually, within } from "../kit/wait.ts";
import { send } from "../kit/streams.ts";
import { TempDir } from "../kit/temp_dir.ts";

const IPV6 = ipv6();
const dead = (): string => `127.0.0.1:${deadPort()}`;

Deno.test("without a destination every client is closed, until a channel is created", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  await using balance = await startBalance(["-f", port]);
  assertEquals(await gets(2, port), "- -");
  assertEquals(await balance.ask(`create 127.0.0.1 ${backend.port}`), "channel created");
  assertEquals(await gets(1, port), "-");
  await balance.ask("enable 0");
  assertEquals(await gets(2, port), "A A");
});

Deno.test(needing(IPV6, "the default listener is IPv4 alone, -6 takes both"), async () => {
  await using backends = new Backends(1);
  const four = freePort();
  await using _four = await startBalance(["-f", four, ...backends.operands]);
  assertEquals(await get(four, ownAddress()), "A");
  assertEquals(await get(four, "::1").catch((error: Error) => error.name), "ConnectionRefused");
  const both = freePort();
  await using _both = await startBalance(["-f6", both, ...backends.operands]);
  assertEquals([await get(both, "::1"), await get(both)], ["A", "A"]);
});

Deno.test("-b takes a name, an IPv4 address and any spelling of it", async () => {
  await using backend = startBackend("A");
  for (const [text, address] of [["localhost", "localhost"], ["127.77.1", "127.77.0.1"]]) {
    const port = freePort();
    await using _balance = await startBalance(["-f", "-b", text ?? "", port, backend.operand]);
    assertEquals(await get(port, address), "A");
    const other = await get(port, "127.3.3.3").catch((error: Error) => error.name);
    assertEquals(other, "ConnectionRefused");
  }
});

Deno.test("two instances share a port with different -b", async () => {
  await using backends = new Backends(2);
  const port = freePort();
  const [one, two] = [ownAddress(), ownAddress()];
  using dir = new TempDir();
  const runDir = { runDir: dir.path };
  await using first = await startBalance(["-f", "-b", one, port, backends.at(0).operand], runDir);
  await using second = await startBalance(["-f", "-b", two, port, backends.at(1).operand], runDir);
  assertEquals([await get(port, one), await get(port, two)], ["A", "B"]);
  assertEquals(await first.column("totalc"), [1]);
  assertEquals(await second.column("totalc"), [1]);
});

Deno.test("-B is the address that servers see; one that is not local is ignored", async () => {
  await using backend = startBackend("A");
  const own = ownAddress();
  for (const [source, seen] of [[own, own], ["192.0.2.77", "127.0.0.1"]]) {
    const port = freePort();
    await using balance = await startBalance(["-f", "-B", source ?? "", port, backend.operand]);
    assertEquals(await get(port), "A");
    assertEquals(backend.peers.at(-1), seen);
    await balance.idle();
  }
});

Deno.test("-B: a refused connect fails over and c returns to 0", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  await using balance = await startBalance([
    "-f",
    "-B",
    "127.9.9.9",
    port,
    dead(),
    backend.operand,
  ]);
  assertEquals(await gets(2, port), "A A");
  await balance.idle();
  assertEquals(await balance.column("totalc"), [2, 2]);
});

Deno.test("-a disables a channel that refuses, and says so once", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  const gone = dead();
  await using balance = await startBalance(["-fa", port, gone, backend.operand]);
  assertEquals(await gets(3, port), "A A A");
  assertEquals(await balance.column("status"), ["dis", "ENA"]);
  assertEquals(await balance.column("totalc"), [1, 3]);
  const said = "connection failed group 0 channel 0\n" +
    `${gone} needs to be enabled manually using balance -i after the problem is solved\n`;
  await balance.stderr.until(said);
  assertEquals(balance.stderr.text, said);
  assertEquals(await balance.ask("enable 0"), "channel 0 enabled");
  assertEquals(await gets(1, port), "A");
  await balance.stderr.until(said + said);
});

Deno.test("without -a a dead channel is tried for every client, silently", async () => {
  await using backends = new Backends(2);
  const port = freePort();
  const [a = "", b = ""] = backends.operands;
  await using balance = await startBalance(["-f", port, a, dead(), b]);
  assertEquals(await gets(6, port), "A B A B A B");
  assertEquals(await balance.column("totalc"), [3, 3, 3]);
  assertEquals([balance.stdout.text, balance.stderr.text], ["", ""]);
});

Deno.test(
  needing(IPV6, "a Hash group keeps each address on its channel, whatever the listener"),
  async () => {
    await using backends = new Backends(3);
    for (const flags of ["-f", "-f6"]) {
      const port = freePort();
      await using _balance = await startBalance([flags, port, ...backends.operands, "%"]);
      const served: string[] = [];
      for (const from of ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.2"]) {
        served.push(await getFrom(from, port, "127.0.0.1"));
      }
      assertEquals(served.join(""), "CBACB");
    }
  },
);

Deno.test("-H keeps failover of a Hash group inside it", async () => {
  await using backends = new Backends(3);
  const [a = "", b = "", c = ""] = backends.operands;
  const port = freePort();
  await using _balance = await startBalance(["-fH", port, a, b, dead(), "%", c]);
  assertEquals(await gets(3, port), "A A A");
  const other = freePort();
  await using _without = await startBalance(["-f", other, a, b, dead(), "%", c]);
  assertEquals(await gets(3, other), "C C C");
});

Deno.test("-M and -F are accepted", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  await using _balance = await startBalance(["-MF", port, backend.operand]);
  assertEquals(await get(port), "A");
});

Deno.test("-p writes each record at once, whole, and only the first end", async () => {
  await using backend = startBackend("A", echo);
  const port = freePort();
  await using balance = await startBalance(["-fp", port, backend.operand]);
  using connection = await dial(port);
  await send(connection, "hel\\lo\n");
  const there = "-> 7\nhel\\\\lo\\0A\n\n";
  await balance.stdout.until(`${there}-< 7\nhel\\\\lo\\0A\n\n`);
  await connection.closeWrite();
  await within(new Response(connection.readable).text(), "the end of file");
  await balance.idle();
  await balance.stdout.until("-> 0\n\n");
  assertEquals(balance.stdout.text, `${there}-< 7\nhel\\\\lo\\0A\n\n-> 0\n\n`);
});

Deno.test("-d traces on stderr, after two lines on stdout", async () => {
  await using backends = new Backends(2);
  const port = freePort();
  const gone = deadPort();
  const args = ["-fd", port, `127.0.0.1:${gone}:5`, "!", ...backends.operands, "%"];
  await using balance = await startBalance(args);
  assertEquals(await get(port), "A");
  await balance.stdout.until("bindhost=NULL\n");
  await balance.stderr.until("successful\n");
  assertEquals(balance.stdout.text, "argv[0]=balance\nbindhost=NULL\n");
  assertEquals(balance.stderr.text.split("\n"), [
    `source port ${port}`,
    `file ${balance.socket} created`,
    "using AF_UNSPEC",
    "the following channels are active:",
    `  0  0 127.0.0.1:${gone}:5`,
    `  1  0 ${backends.operands[0]}:0`,
    `  1  1 ${backends.operands[1]}:0`,
    "connect from 127.0.0.1 clilen=16",
    "trying group 0 channel 0 ... connection refused group 0 channel 0",
    "HASH-method: fold returns 3231995906",
    "modulo 2 gives 0",
    "trying group 1 channel 0 ... connect to channel 0 successful",
    "",
  ]);
});

Deno.test("maxc counts attempts and connections, and is raised and lowered at run time", async () => {
  await using backends = new Backends(2, hold);
  const port = freePort();
  await using balance = await startBalance([
    "-f",
    port,
    `${backends.operands[0]}:1`,
    "!",
    `${backends.operands[1]}:1`,
  ]);
  using one = await HeldClient.open(port);
  using two = await HeldClient.open(port);
  using three = await HeldClient.open(port);
  assertEquals([one.name, two.name, three.name], ["A", "B", ""]);
  await balance.ask("maxc 0 2");
  using four = await HeldClient.open(port);
  assertEquals(four.name, "A");
  await balance.ask("disable 0");
  await balance.ask("maxc 0 1");
  await send(one.connection, "still here");
  await eventually(async () => (await balance.column("sent"))[0] === 10, "bytes are counted");
  assertEquals(await balance.column("c"), [2, 1]);
});

/** Waits until so many of the program's sockets have SO_KEEPALIVE, which a connection must last for; gives all options. */
async function keptAlive(pid: number, count: number): Promise<SocketOptions[]> {
  const kept = (): number => socketOptions(pid).filter(({ keepAlive }) => keepAlive).length;
  await eventually(() => kept() === count, `${count} sockets with SO_KEEPALIVE`);
  return socketOptions(pid);
}

/** A client that has sent two messages: the first one is prompt without TCP_NODELAY. */
async function converse(port: number): Promise<Deno.TcpConn> {
  const connection = await dial(port);
  for (let left = 2; left > 0; left--) await checkEcho(connection);
  return connection;
}

for (const flags of [["-f"], ["-f6"], ["-f", "--workers=2"]]) {
  const needs = flags.includes("-f6") ? [IPV6] : [];
  Deno.test(
    needing(
      needs,
      `both sockets of a conversation have TCP_NODELAY and SO_KEEPALIVE with ${flags.join(" ")}`,
    ),
    async () => {
      await using backend = startBackend("A", echo);
      const port = freePort();
      await using balance = await startBalance([...flags, port, backend.operand]);
      using _client = await converse(port);
      const wanted = { noDelay: true, keepAlive: true };
      assertEquals(await keptAlive(balance.pid, 2), [wanted, wanted]);
    },
  );
}

Deno.test("with -B both sockets have TCP_NODELAY, and the server's SO_KEEPALIVE where it can be had", async () => {
  await using backend = startBackend("A", echo);
  const port = freePort();
  await using balance = await startBalance(["-f", "-B", "127.8.8.8", port, backend.operand]);
  using _client = await converse(port);
  // The runtime's Node interface takes a source address, but has no keep-alive yet.
  const options = await keptAlive(balance.pid, NATIVE ? 2 : 1);
  assertEquals(options.map(({ noDelay }) => noDelay), [true, true]);
});

Deno.test("a client that resets in the middle leaves no place taken", async () => {
  await using backend = startBackend("A", sink);
  const port = freePort();
  await using balance = await startBalance(["-f", port, `${backend.operand}:3`]);
  for (let round = 0; round < 5; round++) {
    const connection = await dial(port);
    await send(connection, "x");
    connection.close();
  }
  await balance.idle();
  using _client = await dial(port);
  await eventually(() => backend.open === 1, "the next client is served");
});

Deno.test("many clients at once are spread exactly", async () => {
  await using backends = new Backends(3);
  const port = freePort();
  await using balance = await startBalance(["-f", port, ...backends.operands]);
  const names = await Promise.all(Array.from({ length: 90 }, () => get(port)));
  for (const name of "ABC") assertEquals(names.filter((each) => each === name).length, 30);
  await balance.idle();
  assertEquals(await balance.column("totalc"), [30, 30, 30]);
});
