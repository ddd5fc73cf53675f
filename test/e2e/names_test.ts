/** Names that are looked up again, of a real name server whose records change. */
import { eventually } from "../kit/wait.ts";
import { freePort } from "../kit/ports.ts";
import { startBalance } from "../kit/start.ts";
import { run } from "../kit/programs.ts";
import { type Instance } from "../kit/instance.ts";
import { get, gets, HeldClient } from "../kit/clients.ts";
import { hold, startBackend } from "../kit/backends.ts";
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { needing, program } from "../kit/needs.ts";
import { documentOf } from "../kit/schema.ts";
import { Dnsmasq } from "./dnsmasq.ts";

const DNSMASQ = program("dnsmasq");

/** Backends with one port on addresses of their own, named by the last number. */
function servers(port: number, ...addresses: string[]): AsyncDisposable {
  const stack = new AsyncDisposableStack();
  for (const hostname of addresses) {
    stack.use(startBackend(hostname.replace(/^.*\./, ""), hold, { hostname, port }));
  }
  return stack;
}

function begin(server: Dnsmasq, ...words: (string | number)[]): Promise<Instance> {
  return startBalance(["-f", "--dns", server.operand, "--resolve", 1, freePort(), ...words]);
}

/** The first line of whoever a new client gets. */
async function meets(instance: Instance): Promise<string> {
  using guest = await HeldClient.open(instance.port);
  return guest.name;
}

/** The rows as `number status address c`. */
async function rows(instance: Instance): Promise<string[]> {
  return (await instance.show()).map(({ channel, status, destination, c }) =>
    `${channel} ${status} ${destination.replace(/:\d+$/, "")} ${c}`
  );
}

async function becomes(instance: Instance, ...wanted: string[]): Promise<void> {
  let last: string[] = [];
  try {
    await eventually(async () => {
      last = await rows(instance);
      return last.join() === wanted.join();
    }, "the rows");
  } catch (error) {
    assertEquals(last, wanted);
    throw error;
  }
}

Deno.test(
  needing(
    DNSMASQ,
    "a name that leads elsewhere is followed, connections that run stay, one log line tells",
  ),
  async () => {
    const port = freePort();
    await using _servers = servers(port, "127.7.0.1", "127.7.0.2");
    await using dns = await Dnsmasq.start({ hosts: { "web.test": ["127.7.0.1"] } });
    await using instance = await begin(dns, `web.test:${port}`);
    using first = await HeldClient.open(instance.port);
    assertEquals(first.name, "1");
    await dns.setHosts({ "web.test": ["127.7.0.2"] });
    await becomes(instance, "0.0 ENA 127.7.0.2 1");
    assertEquals(await meets(instance), "2");
    // The first one stays, and nobody else.
    await becomes(instance, "0.0 ENA 127.7.0.2 1");
    const log = await instance.stderr.until("moves") ?? "";
    assertMatch(
      log,
      new RegExp(`^channel 0.0 web.test:${port} moves from 127.7.0.1 to 127.7.0.2\n`),
    );
  },
);

Deno.test(
  needing(
    DNSMASQ,
    "an address that is still in the answer stays, however the answer grows and turns",
  ),
  async () => {
    const port = freePort();
    await using _servers = servers(port, "127.7.0.1", "127.7.0.2", "127.7.0.3");
    await using dns = await Dnsmasq.start({ hosts: { "web.test": ["127.7.0.2"] } });
    await using instance = await begin(dns, `web.test:${port}`);
    await dns.setHosts({
      "web.test": ["127.7.0.1", "127.7.0.2", "127.7.0.3"],
      "x.test": ["127.1.1.1"],
    });
    // Another name, which does move, shows that a round has passed.
    await instance.ask(`create x.test ${port}`);
    await dns.setHosts({ "web.test": ["127.7.0.3", "127.7.0.2"], "x.test": ["127.1.1.2"] });
    await becomes(instance, "0.0 ENA 127.7.0.2 0", "0.1 dis 127.1.1.2 0");
    assertEquals(await meets(instance), "2");
  },
);

Deno.test(
  needing(
    DNSMASQ,
    "the name server is killed, and comes back with another address: until then the last one serves",
  ),
  async () => {
    const port = freePort();
    await using _servers = servers(port, "127.7.0.1", "127.7.0.2");
    await using dns = await Dnsmasq.start({ hosts: { "web.test": ["127.7.0.1"] } });
    await using instance = await begin(dns, `web.test:${port}`);
    await dns.stop();
    await instance.stderr.until("look-up of web.test failed: its channels stay as they are\n");
    for (let client = 0; client < 5; client++) assertEquals(await meets(instance), "1");
    await dns.start({ hosts: { "web.test": ["127.7.0.2"] } });
    await becomes(instance, "0.0 ENA 127.7.0.2 0");
    assertEquals(await meets(instance), "2");
    await instance.stderr.until("look-up of web.test works again\n");
    assertEquals(instance.stderr.text.match(/failed/g)?.length, 1, "told once");
  },
);

Deno.test(needing(DNSMASQ, "a name that vanishes keeps its last address"), async () => {
  const port = freePort();
  await using _servers = servers(port, "127.7.0.1");
  await using dns = await Dnsmasq.start({ hosts: { "web.test": ["127.7.0.1"] } });
  await using instance = await begin(dns, `web.test:${port}`, `dns:web.test:${port}`);
  await dns.setHosts({});
  await instance.stderr.until("look-up of web.test failed");
  await instance.stderr.until("look-up of dns:web.test failed");
  await becomes(instance, "0.0 ENA 127.7.0.1 0", "0.1 ENA 127.7.0.1 0");
  assertEquals(await meets(instance), "1");
});

Deno.test(
  needing(DNSMASQ, "a failed connect has the name looked up at once, with workers too"),
  async () => {
    for (const workers of [1, 2]) {
      const port = freePort();
      await using dns = await Dnsmasq.start({ hosts: { "web.test": ["127.7.0.1"] } });
      await using _servers = servers(port, "127.7.0.2");
      const words = ["-f", "--dns", dns.operand, "--resolve", 3600, "--workers", workers];
      await using instance = await startBalance([...words, freePort(), `web.test:${port}`]);
      await dns.setHosts({ "web.test": ["127.7.0.2"] });
      await eventually(async () => await meets(instance) === "2", "a client is served");
    }
  },
);

Deno.test(needing(DNSMASQ, "--resolve 0 looks up once, whatever fails"), async () => {
  const port = freePort();
  await using dns = await Dnsmasq.start({ hosts: { "web.test": ["127.7.0.1"] } });
  const words = ["-f", "--dns", dns.operand, "--resolve"];
  const begun = (sec: number): Promise<Instance> =>
    startBalance([...words, sec, freePort(), `web.test:${port}`]);
  await using once = await begun(0);
  await using again = await begun(3600);
  await dns.setHosts({ "web.test": ["127.7.0.2"] });
  assertEquals(await gets(3, once.port), "- - -");
  assertEquals(await gets(3, again.port), "- - -");
  // When the one has followed, the other has had its time too.
  await becomes(again, "0.0 ENA 127.7.0.2 0");
  assertEquals(await rows(once), ["0.0 ENA 127.7.0.1 0"]);
});

Deno.test(
  needing(DNSMASQ, "IPv6 alone is enough for a name, and IPv4 comes first where there are both"),
  async () => {
    const port = freePort();
    await using dns = await Dnsmasq.start({
      hosts: { "six.test": ["::1"], "both.test": ["::1", "127.7.0.1"] },
    });
    await using _servers = servers(port, "::1", "127.7.0.1");
    await using instance = await begin(dns, `six.test:${port}`, `both.test:${port}`);
    await becomes(instance, "0.0 ENA ::1 0", "0.1 ENA 127.7.0.1 0");
    assertEquals([await meets(instance), await meets(instance)], ["::1", "1"]);
  },
);

Deno.test(
  needing(DNSMASQ, "without --start-unresolved an unknown name is exit 65, for dns: and srv: too"),
  async () => {
    await using dns = await Dnsmasq.start({});
    for (const operand of ["no.test", "dns:no.test:80", "srv:_http._tcp.no.test"]) {
      const { code, stderr } = await run(["-f", "--dns", dns.operand, freePort(), operand]);
      const typed = operand.replace(/:80$/, "");
      assertEquals([code, stderr.replace(/^balance: no control.*\n/, "")], [
        65,
        `unknown or invalid address [${typed}]\n`,
      ]);
    }
  },
);

Deno.test(
  needing(DNSMASQ, "--start-unresolved starts, shows unrs, and serves when the name is known"),
  async () => {
    const port = freePort();
    await using _servers = servers(port, "127.7.0.1", "127.7.0.2");
    await using dns = await Dnsmasq.start({ hosts: { "web.test": ["127.7.0.2"] } });
    await using instance = await begin(
      dns,
      "--start-unresolved",
      `late.test:${port}`,
      `web.test:${port}`,
      "!",
      `dns:later.test:${port}`,
    );
    assertEquals(await rows(instance), ["0.0 unrs 0.0.0.0 0", "0.1 ENA 127.7.0.2 0"]);
    assertEquals([await meets(instance), await meets(instance)], ["2", "2"]);
    await instance.stderr.until(`look-up of late.test:${port} failed: it has no channel`);
    await dns.setHosts({
      "web.test": ["127.7.0.2"],
      "late.test": ["127.7.0.1"],
      "later.test": ["127.7.0.1", "127.7.0.2"],
    });
    await eventually(async () => (await rows(instance)).length === 4, "both names are known");
    const all = await rows(instance);
    assertEquals(all.slice(0, 2), ["0.0 ENA 127.7.0.1 0", "0.1 ENA 127.7.0.2 0"]);
    assertEquals(all.slice(2).map((row) => row.replace(/^1\.\d /, "")).toSorted(), [
      "ENA 127.7.0.1 0",
      "ENA 127.7.0.2 0",
    ]);
  },
);

Deno.test(
  needing(
    DNSMASQ,
    "dns: is a channel for each record and follows them: who stays keeps number and counters",
  ),
  async () => {
    const port = freePort();
    await using _servers = servers(port, "127.7.0.1", "127.7.0.2", "127.7.0.3");
    const of = (...last: number[]): { "web.test": string[] } => ({
      "web.test": last.map((each) => `127.7.0.${each}`),
    });
    await using dns = await Dnsmasq.start({ hosts: of(1, 2) });
    await using instance = await begin(dns, `dns:web.test:${port},maxc=9`);
    await eventually(async () => (await instance.show()).length === 2, "two channels");
    const numbers = new Map(
      (await instance.show()).map((
        { channel, destination },
      ) => [destination.replace(/:\d+$/, ""), channel]),
    );
    const one = numbers.get("127.7.0.1") ?? "";
    const two = numbers.get("127.7.0.2") ?? "";
    assertEquals([one, two].toSorted(), ["0.0", "0.1"]);
    assertEquals(await instance.column("maxc"), [9, 9]);
    await using guests = new AsyncDisposableStack();
    for (let client = 0; client < 2; client++) {
      const guest = await HeldClient.open(instance.port);
      guests.defer(() => guest[Symbol.dispose]());
      assert(["1", "2"].includes(guest.name));
    }
    // Record 1 goes while it has a connection; 3 comes, beside it.
    await dns.setHosts(of(2, 3));
    const sorted = (lines: string[]): string => lines.toSorted().join();
    await becomes(
      instance,
      ...[`${one} dis 127.7.0.1 1`, `${two} ENA 127.7.0.2 1`, "0.2 ENA 127.7.0.3 0"].toSorted(),
    );
    for (let client = 0; client < 4; client++) assert(["2", "3"].includes(await meets(instance)));
    // Its last connection ends: the number is free, and the next record gets it.
    await guests.disposeAsync();
    await eventually(async () => (await rows(instance)).length === 2, "the row is free");
    await dns.setHosts(of(3, 2, 1));
    await eventually(
      async () =>
        sorted(await rows(instance)) ===
          sorted([`${one} ENA 127.7.0.1 0`, `${two} ENA 127.7.0.2 0`, "0.2 ENA 127.7.0.3 0"]),
      "it is back",
    );
    const again = (await instance.show()).find(({ channel }) => channel === one);
    assertEquals(again?.totalc, 0, "a new channel, with counters of its own");
    const stayed = (await instance.show()).find(({ channel }) => channel === two);
    assert((stayed?.totalc ?? 0) > 1, "the one that stayed has its counters");
  },
);

Deno.test(
  needing(
    DNSMASQ,
    "a record that is back before its last connection has ended has its channel again",
  ),
  async () => {
    const port = freePort();
    await using _servers = servers(port, "127.7.0.1", "127.7.0.2");
    await using dns = await Dnsmasq.start({ hosts: { "web.test": ["127.7.0.1"] } });
    await using instance = await begin(dns, `dns:web.test:${port}`);
    using guest = await HeldClient.open(instance.port);
    assertEquals(guest.name, "1");
    await dns.setHosts({ "web.test": ["127.7.0.2"] });
    await becomes(instance, "0.0 dis 127.7.0.1 1", "0.1 ENA 127.7.0.2 0");
    await dns.setHosts({ "web.test": ["127.7.0.2", "127.7.0.1"] });
    await becomes(instance, "0.0 ENA 127.7.0.1 1", "0.1 ENA 127.7.0.2 0");
    await instance.stderr.until("is back");
  },
);

Deno.test(
  needing(DNSMASQ, "a member that the operator has disabled stays so, and cannot be assigned"),
  async () => {
    const port = freePort();
    await using dns = await Dnsmasq.start({ hosts: { "web.test": ["127.7.0.1"] } });
    await using instance = await begin(dns, `dns:web.test:${port}`);
    await instance.ask("disable 0");
    assertEquals(
      await instance.ask("assign 0 127.0.0.1 80"),
      "channel follows the records of a name",
    );
    await dns.setHosts({ "web.test": ["127.7.0.1", "127.7.0.2"] });
    await becomes(instance, "0.0 dis 127.7.0.1 0", "0.1 ENA 127.7.0.2 0");
  },
);

Deno.test(
  needing(
    DNSMASQ,
    "srv: has port, weight and backups from its records, and follows a target's address",
  ),
  async () => {
    const port = freePort();
    const backupPort = freePort();
    await using _servers = servers(port, "127.7.0.1", "127.7.0.2");
    await using _backups = servers(backupPort, "127.7.0.9");
    const services = [
      `_http._tcp.test,web1.test,${port},10,0`,
      `_http._tcp.test,web9.test,${backupPort},20,5`,
    ];
    const hosts = { "web1.test": ["127.7.0.1"], "web9.test": ["127.7.0.9"] };
    await using dns = await Dnsmasq.start({ hosts, services });
    await using instance = await begin(dns, "srv:_http._tcp.test");
    assertEquals(await rows(instance), ["0.0 ENA 127.7.0.1 0", "0.1 ENA 127.7.0.9 0"]);
    assertEquals([await meets(instance), await meets(instance)], ["1", "1"]);
    await instance.ask("disable 0");
    assertEquals(await meets(instance), "9", "the backup, while nothing else is usable");
    await instance.ask("enable 0");
    await dns.setHosts({ ...hosts, "web1.test": ["127.7.0.2"] });
    await becomes(instance, "0.0 ENA 127.7.0.2 0", "0.1 ENA 127.7.0.9 0");
    assertEquals(await meets(instance), "2");
    // The records change: the backup becomes the only ordinary one.
    await dns.stop();
    await dns.start({ hosts, services: [`_http._tcp.test,web9.test,${backupPort},1,1`] });
    await becomes(instance, "0.1 ENA 127.7.0.9 0");
    assertEquals([await meets(instance), await meets(instance)], ["9", "9"]);
  },
);

Deno.test(needing(DNSMASQ, "records change under load, and no client is lost"), async () => {
  const port = freePort();
  const stack = ["127.7.0.1", "127.7.0.2", "127.7.0.3", "127.7.0.4"];
  await using backends = new AsyncDisposableStack();
  for (const hostname of stack) {
    backends.use(startBackend(hostname, undefined, { hostname, port }));
  }
  await using dns = await Dnsmasq.start({ hosts: { "web.test": stack } });
  await using instance = await startBalance([
    ...["-f", "--workers", 2, "--dns", dns.operand, "--resolve", 1],
    ...[freePort(), `dns:web.test:${port}`],
  ]);
  let over = false;
  const answers = new Map<string, number>();
  const load = Array.from({ length: 4 }, async () => {
    while (!over) {
      const answer = await get(instance.port);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  });
  for (const some of [[0, 1], [2, 3], [0], [1, 2, 3], [0, 1, 2, 3]]) {
    const addresses = some.map((at) => stack[at] ?? "");
    await dns.setHosts({ "web.test": addresses });
    await eventually(
      async () =>
        (await rows(instance)).filter((row) => row.includes("ENA")).map((row) => row.split(" ")[2])
          .toSorted().join() === addresses.join(),
      "the channels follow",
    );
  }
  over = true;
  await Promise.all(load);
  assertEquals([...answers.keys()].toSorted(), stack, "every client got an answer of a server");
});

for (const workers of [1, 2]) {
  Deno.test(
    needing(DNSMASQ, `create and assign have channels follow dns: and srv:, workers: ${workers}`),
    async () => {
      const port = freePort();
      await using _servers = servers(port, "127.7.0.1", "127.7.0.2", "127.7.0.3");
      const hosts = {
        "web.test": ["127.7.0.1", "127.7.0.2"],
        "s3.test": ["127.7.0.3"],
      };
      const services = [`_http._tcp.test,s3.test,${port},10,7`];
      await using dns = await Dnsmasq.start({ hosts, services });
      await using instance = await startBalance([
        ...["-f", "--workers", workers, "--dns", dns.operand, "--resolve", 1],
        ...[freePort(), "10.255.255.1:1"],
      ]);
      await instance.ask("disable 0");
      assertEquals(await instance.ask(`create dns:nosuch.test ${port}`), "invalid address");
      assertEquals(await instance.ask("create srv:_no._tcp.test"), "invalid address");
      assertEquals(
        await instance.ask(`assign 0 dns:web.test:${port},maxc=9`),
        "2 channels follow the records",
      );
      assertEquals(
        await instance.ask("create srv:_http._tcp.test"),
        "1 channel follows the records",
      );
      const met = new Set<string>();
      for (let client = 0; client < 9; client++) met.add(await meets(instance));
      assertEquals([...met].toSorted(), ["1", "2", "3"]);
      assertEquals(await instance.column("maxc"), [9, 9, 0]);
      const { groups } = await documentOf(instance, "state");
      assertEquals(
        groups.flatMap(({ channels }) => channels.map(({ name, weight }) => `${name} ${weight}`))
          .toSorted(),
        [`127.7.0.1:${port} 1`, `127.7.0.2:${port} 1`, `s3.test:${port} 7`],
      );
      const [line = ""] = (await instance.ask("snapshot")).split("\n");
      assertMatch(line, new RegExp(` dns:web\\.test:${port}:9 srv:_http\\._tcp\\.test$`));
      // They follow from now on, as those of the command line do.
      await dns.setHosts({ ...hosts, "web.test": ["127.7.0.2"] });
      await eventually(
        async () => (await rows(instance)).length === 2,
        "the channel whose record is gone is gone",
      );
      assertEquals(
        await instance.ask(`assign 2 dns:web.test ${port}`),
        "channel must be disabled to assign new address",
      );
    },
  );
}
