/** The package as a service: a copy of this machine is booted with its own systemd, and systemd is asked. */
import { assertEquals, assertMatch } from "../kit/assert.ts";
import { Machine, machine } from "../kit/machine.ts";
import { needing } from "../kit/needs.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually } from "../kit/wait.ts";

Deno.test(
  needing(machine(), "systemd starts, watches, restarts and stops an instance of the package"),
  async () => {
    using folder = new TempDir();
    await using machine = await Machine.boot(folder.path);
    await machine.ask(
      `printf '%s\\n' '--drain 30 --workers 2' '443 127.0.0.1:1' >/etc/balance/web.conf
      mkdir -p /run/systemd/system/balance@web.service.d
      printf '[Service]\\nWatchdogSec=1\\n' >/run/systemd/system/balance@web.service.d/own.conf
      systemctl daemon-reload; systemctl start balance@web`,
    );
    const unit = "balance@web";
    assertEquals(await machine.property(unit, "StatusText"), "1 of 1 channel up, 0 connections");
    assertMatch(await machine.ask("balance -c workers 443"), /^ +1 +running/m);
    const pid = await machine.property(unit, "MainPID");
    assertEquals(Number(await machine.ask(`stat -c %u /proc/${pid}`)) > 60_000, true);

    await machine.ask(`kill -STOP ${pid}`);
    await eventually(
      async () => await machine.property(unit, "NRestarts") === "1",
      "the watchdog restarts one that has stopped",
    );
    await eventually(
      async () => await machine.property(unit, "ActiveState") === "active",
      "it is active again",
    );
    await machine.ask("balance -c 'disable 0' 443");
    await eventually(
      async () => (await machine.property(unit, "StatusText")).startsWith("0 of 1"),
      "the status follows",
    );
    await machine.ask(`systemctl stop ${unit}`);
    assertEquals(await machine.property(unit, "Result"), "success");
    assertEquals(await machine.property(unit, "ExecMainStatus"), "0");
    assertEquals(await machine.ask("ls /run/balance"), "");
  },
);

Deno.test(
  needing(
    machine(),
    "systemd does not restart an instance whose file is wrong, and the journal says why",
  ),
  async () => {
    using folder = new TempDir();
    await using machine = await Machine.boot(folder.path);
    await machine.ask("echo '--bogus 1' >/etc/balance/bad.conf; systemctl start balance@bad");
    assertEquals(await machine.property("balance@bad", "ActiveState"), "failed");
    assertEquals(await machine.property("balance@bad", "ExecMainStatus"), "64");
    assertEquals(await machine.property("balance@bad", "NRestarts"), "0");
    assertMatch(await machine.ask("journalctl -o cat -u balance@bad"), /^balance: .*option/m);
    await machine.ask("echo '8888 127.0.0.1:1' >/etc/balance/a.conf; systemctl start balance@a");
    await machine.ask("balance -c 'assign 0 127.0.0.1 2' 8888; dpkg -r balance");
    assertEquals(await machine.property("balance@a", "ActiveState"), "inactive");
  },
);
