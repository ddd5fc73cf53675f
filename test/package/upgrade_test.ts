/** A service that is reloaded and upgraded under load, and one whose socket systemd holds: a copy of this machine is booted. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "../kit/assert.ts";
import { Machine, machine } from "../kit/machine.ts";
import { needing } from "../kit/needs.ts";
import { DEB } from "../kit/packages.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually } from "../kit/wait.ts";
import { Load, startServer } from "./load.ts";

const UNIT = "balance@web";

Deno.test(
  needing(machine(), "a service is reloaded and upgraded under load, and not one client is lost"),
  async () => {
    using folder = new TempDir();
    await using machine = await Machine.boot(folder.path);
    const server = await startServer(machine);
    const configure = (options: string): Promise<string> =>
      machine.ask(
        `echo '--engine native ${options} 443 127.0.0.1:${server}' >/etc/balance/web.conf`,
      );
    await configure("");
    await machine.ask(
      `echo '8888 127.0.0.1:1' >/etc/balance/portable.conf
      mkdir -p /run/systemd/system/balance@web.service.d
      printf '[Service]\\nWatchdogSec=1\\n' >/run/systemd/system/balance@web.service.d/own.conf
      systemctl daemon-reload; systemctl start ${UNIT} balance@portable`,
    );
    const mainPid = (): Promise<string> => machine.property(UNIT, "MainPID");
    const first = await mainPid();
    const load = await Load.start(machine, 443, 200);
    await eventually(async () => {
      const totalc = await machine.ask("balance -c show 443 | awk 'END { print $8 }'");
      return Number(totalc) > 50;
    }, "clients come");

    await configure("--workers 2");
    assertEquals(await machine.ask(`systemctl reload ${UNIT} 2>&1`), "");
    const second = await mainPid();
    assertNotEquals(second, first);
    assertMatch(await machine.ask("balance -c workers 443"), /^ +1 +running/m);
    // The watchdog wants a sign of life from the new one, and nobody starts a third one.
    await machine.ask("sleep 2.5");
    assertEquals(await mainPid(), second);
    assertEquals(await machine.property(UNIT, "NRestarts"), "0");
    assertEquals(await machine.property(UNIT, "ActiveState"), "active");
    assertMatch(
      await machine.property(UNIT, "StatusText"),
      /^1 of 1 channel up, \d+ connections?$/,
    );

    // A file that is wrong changes nothing.
    await configure("--bogus");
    assertMatch(await machine.ask(`systemctl reload ${UNIT} 2>&1`), /failed/);
    assertEquals([await mainPid(), await machine.property(UNIT, "ActiveState")], [
      second,
      "active",
    ]);

    await configure("");
    const portable = await machine.property("balance@portable", "MainPID");
    assertMatch(
      await machine.ask(
        `dpkg-deb -R ${DEB} /tmp/tree && sed -i 's/^Version: .*/&.1/' /tmp/tree/DEBIAN/control &&
        dpkg-deb -Zgzip -z1 -b /tmp/tree /tmp/later.deb && dpkg -i /tmp/later.deb 2>&1`,
      ),
      /balance@portable.service goes on with the old program until it is restarted/,
    );
    const third = await mainPid();
    assertNotEquals(third, second);
    assertEquals(await machine.property("balance@portable", "MainPID"), portable);
    const { clients, lost } = await load.end();
    assert(clients > 500, `${clients}`);
    assertEquals(lost, [0, 0, 0]);
    await eventually(
      async () => await machine.ask("pgrep -xc balance") === "2",
      "the old instances have ended",
    );
    const journal = await machine.ask(`journalctl -o cat -u ${UNIT}`);
    assertMatch(journal, new RegExp(`process ${third} has taken over: draining`));
    // The service is whoever has taken over.
    await machine.ask(`kill -KILL ${third}`);
    await eventually(
      async () => await machine.property(UNIT, "NRestarts") === "1" && await mainPid() !== "0",
      "a new one is started",
    );
    await machine.ask(`systemctl stop ${UNIT}`);
    assertEquals(await machine.property(UNIT, "Result"), "success");
  },
);

Deno.test(
  needing(
    machine(),
    "a client starts the service whose socket systemd holds, and waits while it is restarted",
  ),
  async () => {
    using folder = new TempDir();
    await using machine = await Machine.boot(folder.path);
    const server = await startServer(machine);
    await machine.ask(
      `echo '--engine native 443 127.0.0.1:${server}' >/etc/balance/443.conf
      systemctl start balance@443.socket`,
    );
    assertEquals(await machine.property("balance@443", "ActiveState"), "inactive");
    const load = await Load.start(machine, 443, 200);
    await eventually(
      async () => await machine.property("balance@443", "ActiveState") === "active",
      "the service starts",
    );
    await machine.ask("systemctl reload balance@443");
    await machine.ask("balance -c kill 443; systemctl restart balance@443");
    assertEquals((await load.end()).lost, [0, 0, 0]);
    await machine.ask("systemctl stop balance@443.socket balance@443");
    assertEquals(await machine.property("balance@443", "Result"), "success");
  },
);
