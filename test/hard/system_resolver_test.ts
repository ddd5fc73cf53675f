/** Names by the system's own resolver: a namespace with a hosts file and a name server of its own. */
import type { Instance } from "../kit/instance.ts";
import { startInstance } from "../kit/start.ts";
import { eventually } from "../kit/wait.ts";
import { assertEquals } from "../kit/assert.ts";
import { findProgram, inTurn, namespace, needing, program } from "../kit/needs.ts";

/** Runs a program where the system's resolver asks a dnsmasq with the records of a folder. */
const SETUP = `
  ip link set lo up &&
  echo nameserver 127.0.0.1 >"$FOLDER/resolv.conf" &&
  mount --bind "$FOLDER/resolv.conf" /etc/resolv.conf &&
  echo "127.6.0.9 both.test" >"$FOLDER/etc-hosts" &&
  mount --bind "$FOLDER/etc-hosts" /etc/hosts &&
  "$DNSMASQ" --no-resolv --no-hosts --conf-file=/dev/null --user= --local=/test/ --local-ttl=0 \\
    --listen-address=127.0.0.1 --bind-interfaces --pid-file="$FOLDER/pid" \\
    --addn-hosts="$FOLDER/records" --srv-host=_http._tcp.test,web.test,81,0,5 &&
  exec "$@"`;

const NEEDS = [
  program("dnsmasq"),
  program("ip"),
  inTurn(() => namespace("network"), () => namespace("mount")),
];

/** Addresses and ports of the rows. */
async function destinations(instance: Instance): Promise<string[]> {
  const lines = (await instance.ask("show")).trimEnd().split("\n").slice(1);
  return lines.map((line) => {
    const [, , , status, host, port] = line.trim().split(/\s+/);
    return `${status} ${host} ${port}`;
  }).toSorted();
}

Deno.test(
  needing(NEEDS, "names, dns: and srv: follow the system's resolver, its hosts file first"),
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "balance-hard-" });
    // The name server gives its privileges up, and reads its records again later.
    await Deno.chmod(folder, 0o755);
    await Deno.writeTextFile(`${folder}/records`, "127.6.0.1 web.test\n127.6.0.2 both.test\n");
    const environment = [`FOLDER=${folder}`, `DNSMASQ=${findProgram("dnsmasq")}`];
    const wrapper = ["env", ...environment, "unshare", "-n", "-m", "sh", "-c", SETUP, "sh"];
    try {
      await using instance = await startInstance(
        ["web.test:80", "dns:web.test:82", "srv:_http._tcp.test", "both.test:83"],
        { wrapper, options: ["--resolve", "1"] },
      );
      assertEquals(await destinations(instance), [
        "ENA 127.6.0.1 80",
        "ENA 127.6.0.1 81",
        "ENA 127.6.0.1 82",
        "ENA 127.6.0.9 83",
      ]);
      await Deno.writeTextFile(`${folder}/records`, "127.6.0.3 web.test\n127.6.0.4 web.test\n");
      Deno.kill(Number(await Deno.readTextFile(`${folder}/pid`)), "SIGHUP");
      await eventually(async () => {
        const rows = (await destinations(instance)).map((row) =>
          row.replace(/6\.0\.[34]/, "6.0.N")
        );
        const wanted = ["6.0.9 83", "6.0.N 80", "6.0.N 81", "6.0.N 82", "6.0.N 82"];
        return rows.toSorted().join() === wanted.map((row) => `ENA 127.${row}`).join();
      }, "the channels to follow");
    } finally {
      const pid = await Deno.readTextFile(`${folder}/pid`).catch(() => "");
      if (pid !== "") Deno.kill(Number(pid), "SIGKILL");
      await Deno.remove(folder, { recursive: true });
    }
  },
);
