/** The man page's examples, with loopback addresses in place of the hosts. */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { openServices } from "../../lib/backends/resolve.ts";
import { ipv6, mayListen, type Need } from "../kit/needs.ts";
import { Backends, echo, hold, startBackend } from "../kit/backends.ts";
import { get, gets, HeldClient } from "../kit/clients.ts";
import { startBalance } from "../kit/start.ts";
import { freePort, ownAddress } from "../kit/ports.ts";
import { eventually } from "../kit/wait.ts";
import { commands, run, running } from "../kit/programs.ts";

/** Service names that stand for one another: a user without privileges has the last ones only. */
const SERVICES: Readonly<Record<string, number>> = {
  smtp: 25,
  imap: 143,
  mysql: 3306,
  postgresql: 5432,
  redis: 6379,
};

/** The first service that this machine has the name of, and whose port may be listened on. */
const [service, port] =
  Object.entries(SERVICES).find(([name, port]) =>
    openServices().get(name) === port && mayListen(ownAddress(), port)
  ) ?? ["smtp", 0];
const A_SERVICE: Need = {
  name: "a service name with a free port",
  package: "netbase",
  met: port !== 0,
};

for (const command of commands()) {
  const test = (name: string, body: () => Promise<void>, need?: Need): void =>
    Deno.test(running(command, name, need === undefined ? [] : [need]), body);

  test("balance smtp host1 host2: in the background, both in turn", async () => {
    const [listen, ...hosts] = [ownAddress(), ownAddress(), ownAddress()];
    await using _a = startBackend("A", undefined, { hostname: hosts[0] ?? "", port });
    await using _b = startBackend("B", undefined, { hostname: hosts[1] ?? "", port });
    await using balance = await startBalance(["-b", listen, service, ...hosts], { command });
    assertEquals(await gets(4, port, listen), "A B A B");
    assertEquals(await balance.column("destination"), hosts.map((host) => `${host}:${port}`));
    const { runDir } = balance;
    const shown = await run(["-b", listen, "-c", "show", service], { command, runDir });
    const place = `${hosts[0]} ${String(port).padStart(5)}`;
    assertStringIncludes(shown.stdout, ` ${place}    0           2 `);
    const shell = await run(["-b", listen, "-i", service], { command, runDir, stdin: "quit\n" });
    assertStringIncludes(shell.stdout, `PID of master process is ${balance.pid}\n`);
  }, A_SERVICE);

  test("balance -b IPV6 port host1 host2: listens there alone", async () => {
    await using backends = new Backends(2);
    const port = freePort();
    await using _balance = await startBalance(["-f", "-b", "::1", port, ...backends.operands], {
      command,
    });
    assertEquals(await gets(3, port, "::1"), "A B A");
    const refused = await get(port).catch((error: Error) => error.name);
    assertEquals(refused, "ConnectionRefused");
  }, ipv6());

  test("balance -b ::ffff:IPV4 port host1 host2: IPv4 clients of that address", async () => {
    await using backends = new Backends(2);
    const port = freePort();
    const own = ownAddress();
    const args = ["-f", "-b", `::ffff:${own}`, port, ...backends.operands];
    await using _balance = await startBalance(args, { command });
    assertEquals(await gets(3, port, own), "A B A");
    const refused = await get(port, "127.0.0.1").catch((error: Error) => error.name);
    assertEquals(refused, "ConnectionRefused");
  }, ipv6());

  test("balance -fp imap mailserver: dumps the packets", async () => {
    const [listen, host] = [ownAddress(), ownAddress()];
    await using _server = startBackend("* OK", undefined, { hostname: host, port });
    await using balance = await startBalance(["-fp", "-b", listen, service, host], { command });
    assertEquals(await get(port, listen), "* OK");
    await balance.stdout.until("-< 5\n* OK\\0A\n\n-< 0\n\n");
  }, A_SERVICE);

  test("balance -f 8888 host1 10.1.1.1:8000: default and own port", async () => {
    const [listen, host] = [ownAddress(), ownAddress()];
    const port = freePort();
    await using _a = startBackend("A", undefined, { hostname: host, port });
    await using b = startBackend("B");
    const args = ["-f", "-b", listen, port, host, b.operand];
    await using _balance = await startBalance(args, { command });
    assertEquals(await gets(4, port, listen), "A B A B");
  });

  test("balance imap mailserver1::16 ! mailserver2: surplus goes to the second", async () => {
    const [listen, one, two] = [ownAddress(), ownAddress(), ownAddress()];
    await using _a = startBackend("A", hold, { hostname: one, port });
    await using _b = startBackend("B", hold, { hostname: two, port });
    await using balance = await startBalance(["-b", listen, service, `${one}::16`, "!", two], {
      command,
    });
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => HeldClient.open(port, listen)),
    );
    using guard = new DisposableStack();
    for (const client of clients) guard.use(client);
    const names = clients.map(({ name }) => name).sort().join("");
    assertEquals(names, "A".repeat(16) + "B".repeat(4));
    assertEquals(await balance.column("c"), [16, 4]);
    clients.find(({ name }) => name === "A")?.[Symbol.dispose]();
    await eventually(async () => (await balance.column("c"))[0] === 15, "a slot is freed");
    using next = await HeldClient.open(port, listen);
    assertEquals(next.name, "A");
  }, A_SERVICE);

  test("balance pop3 host1 host2 host3 ! fail-over1: the last group when all fail", async () => {
    const backends = new Backends(3);
    await using spare = startBackend("S");
    const port = freePort();
    const args = ["-f", port, ...backends.operands, "!", spare.operand];
    await using _balance = await startBalance(args, { command });
    assertEquals(await gets(4, port), "A B C A");
    const second = backends.at(1).port;
    await backends[Symbol.asyncDispose]();
    assertEquals(await gets(2, port), "S S");
    await using _again = startBackend("B", undefined, { port: second });
    assertEquals(await gets(2, port), "B B");
  });

  test("balance telnet target::1: one at a time, others are closed at once", async () => {
    await using backend = startBackend("A", hold);
    const port = freePort();
    await using balance = await startBalance(["-f", port, `${backend.operand}:1`], { command });
    using first = await HeldClient.open(port);
    assertEquals(first.name, "A");
    assertEquals(await gets(2, port), "- -");
    first[Symbol.dispose]();
    await balance.idle();
    using second = await HeldClient.open(port);
    assertEquals(second.name, "A");
  });

  test("balance 8888 localhost::12 ! localhost::4: connects to itself 16 times", async () => {
    const port = freePort();
    const args = ["-f", port, "localhost::12", "!", "localhost::4"];
    await using balance = await startBalance(args, { command });
    for (let round = 1; round <= 3; round++) {
      assertEquals(await get(port), "");
      await balance.idle();
      assertEquals(await balance.column("totalc"), [12 * round, 4 * round]);
    }
    assertEquals(await balance.column("c"), [0, 0]);
    assertEquals(balance.stderr.text, "");
  });

  test("bytes arrive unchanged both ways at once", async () => {
    await using backend = startBackend("A", echo);
    const port = freePort();
    await using balance = await startBalance(["-f", port, backend.operand], { command });
    const block = Uint8Array.from({ length: 1_000_003 }, (_, at) => (at * 31 + (at >> 8)) & 255);
    using connection = await Deno.connect({ port });
    const sending = (async (): Promise<void> => {
      let rest = block.subarray();
      while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
      await connection.closeWrite();
    })();
    const received = new Uint8Array(await new Response(connection.readable).arrayBuffer());
    await sending;
    assertEquals(received.length, block.length);
    assert(received.every((byte, at) => byte === block[at]));
    await balance.idle();
    assertEquals((await balance.show()).map(({ sent, received }) => [sent, received]), [[
      block.length,
      block.length,
    ]]);
  });
}
