/** The first day of the package: installed, three lines written, started, scraped, upgraded under load, removed. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "../kit/assert.ts";
import { Machine, machine } from "../kit/machine.ts";
import { needing } from "../kit/needs.ts";
import { DEB } from "../kit/packages.ts";
import { quoted } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually } from "../kit/wait.ts";
import { Load, startServer } from "./load.ts";

const UNIT = "balance@web";

/** A command that prints what the instance answers by HTTP. */
function fetcher(path: string): string {
  const script = `console.log(await (await fetch("http://127.0.0.1:9000${path}")).text())`;
  return quoted([Deno.execPath(), "eval", "--quiet", script]);
}

Deno.test(
  needing(
    machine(),
    "install, three lines, start, scrape, upgrade under load, remove: no surprise",
  ),
  async () => {
    using folder = new TempDir();
    await using machine = await Machine.boot(folder.path);
    const server = await startServer(machine);
    const lines = ["--engine native --health --http 9000", "8888", `127.0.0.1:${server}`];
    await machine.ask(`printf '%s\\n' ${quoted(lines)} >/etc/balance/web.conf`);
    assertMatch(
      await machine.ask(`systemctl enable --now ${UNIT} 2>&1`),
      /^Created symlink [^\n]*$/,
    );
    assertEquals(await machine.property(UNIT, "ActiveState"), "active");
    assertMatch(
      await machine.property(UNIT, "StatusText"),
      /^1 of 1 channel up, \d+ connections?$/,
    );
    const scrape = async (): Promise<number> => {
      const metrics = await machine.ask(fetcher("/metrics"));
      assertMatch(metrics, /^balance_channel_up\{.*\} 1$/m);
      return Number(/^balance_connections_total (\d+)$/m.exec(metrics)?.[1]);
    };
    assertEquals(await scrape(), 0);
    assertEquals(await machine.ask(fetcher("/healthz")), "ok");

    const load = await Load.start(machine, 8888, 100);
    await eventually(async () => await scrape() > 50, "clients come");
    const before = await machine.property(UNIT, "MainPID");
    await machine.ask(
      `dpkg-deb -R ${DEB} /tmp/tree && sed -i 's/^Version: .*/&.1/' /tmp/tree/DEBIAN/control &&
      dpkg-deb -Zgzip -z1 -b /tmp/tree /tmp/later.deb`,
    );
    const upgrade = await machine.ask("dpkg -i /tmp/later.deb 2>&1");
    assertEquals(upgrade.split("\n").filter((line) => /warn|error|restarted/i.test(line)), []);
    assertNotEquals(await machine.property(UNIT, "MainPID"), before);
    await eventually(
      async () => await scrape() > 0,
      "the new one is scraped where the old one was",
    );
    const { clients, lost } = await load.end();
    assert(clients > 100, `${clients}`);
    assertEquals(lost, [0, 0, 0]);
    // What systemd has to say of this machine.
    const warnings = await machine.ask(`journalctl -q -o cat -p warning -u ${UNIT}`);
    assertEquals(
      warnings.split("\n").filter((line) => line !== "" && !line.includes("compat systemd cgroup")),
      [],
    );

    const removal = await machine.ask("dpkg -r balance 2>&1");
    assertEquals(removal.split("\n").filter((line) => /warn|error/i.test(line)), []);
    assertEquals(await machine.property(UNIT, "ActiveState"), "inactive");
    assertEquals(await machine.ask("pgrep -x balance"), "");
    assertEquals(await machine.ask("systemctl list-units --plain --no-legend --failed"), "");
    assertEquals(await machine.ask("cat /etc/balance/web.conf"), lines.join("\n"));
    await machine.ask("dpkg -P balance 2>&1");
    assertEquals(
      await machine.ask("ls /etc/balance /run/balance 2>/dev/null"),
      "/etc/balance:\nweb.conf",
    );
    assertEquals(await machine.ask("find /etc/systemd -name 'balance*'"), "");
  },
);
