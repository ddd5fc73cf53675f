/** Lines to the syslog daemon, a real datagram socket in a folder of the test's own. */
import type { Level } from "../../lib/core/events.ts";
import { Log } from "../../lib/instance/log.ts";
import { Syslog } from "../../lib/instance/syslog.ts";
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { eventually, within } from "../kit/wait.ts";
import { TempDir } from "../kit/temp_dir.ts";

/** A daemon that takes messages only when it is told to. */
class Daemon implements Disposable {
  /** What it has taken, without the time. */
  readonly messages: string[] = [];
  readonly #socket: Deno.DatagramConn;
  #reading: Promise<void> | undefined;

  constructor(readonly path: string) {
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path });
  }

  /** Takes what there is and what comes. */
  read(): void {
    this.#reading ??= this.#read();
  }

  /** Waits for a message. */
  async until(wanted: RegExp): Promise<void> {
    await eventually(() => this.messages.some((each) => wanted.test(each)), `${wanted}`);
  }

  /** Ends; what is sent to its path then finds nobody. */
  [Symbol.dispose](): void {
    this.#socket.close();
    Deno.removeSync(this.path);
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const [bytes] of this.#socket) {
      this.messages.push(decoder.decode(bytes).replace(/\w{3} [ \d]\d \d\d:\d\d:\d\d /, ""));
    }
  }
}

const SEVERITIES: readonly [Level, number][] = [
  ["info", 6],
  ["notice", 5],
  ["warning", 4],
  ["error", 3],
];

for (const [level, severity] of SEVERITIES) {
  Deno.test(`a line of level ${level} has severity ${severity} of facility daemon in syslog`, async () => {
    using dir = new TempDir();
    using daemon = new Daemon(`${dir.path}/log`);
    daemon.read();
    const log = new Log({ kind: "syslog", folder: dir.path, path: daemon.path }, "info", false);
    log.log(level, "a line", { with: "a field" });
    await log.close();
    await daemon.until(/a line/);
    assertEquals(daemon.messages, [
      `<${3 * 8 + severity}>Balance[${Deno.pid}]: a line with="a field"`,
    ]);
    assertEquals(dir.names, ["log"]);
  });
}

Deno.test("a daemon that reads nothing gets a bounded queue, and one line says how many lines were lost", async () => {
  using dir = new TempDir();
  using daemon = new Daemon(`${dir.path}/log`);
  const limit = 10_000;
  const syslog = new Syslog(dir.path, daemon.path, limit);
  const sent = 5000;
  for (let line = 0; line < sent; line++) syslog.send(6, `line ${line}`);
  daemon.read();
  await within(syslog.flush(), "the queue");
  await daemon.until(/lost/);
  const lines = daemon.messages.filter((each) => each.includes(": line "));
  const losses = daemon.messages.filter((each) => each.includes("log lines lost"));
  assertEquals(losses, [`<28>Balance[${Deno.pid}]: log lines lost: ${sent - lines.length}`]);
  assertEquals(lines, lines.map((_, at) => `<30>Balance[${Deno.pid}]: line ${at}`));
  assert(lines.length > 10 && lines.join("").length < limit, `${lines.length} lines`);
  syslog.send(6, "afterwards");
  await daemon.until(/afterwards/);
  assertMatch(daemon.messages.at(-1) ?? "", /afterwards/);
  syslog.close();
});

Deno.test("lines that found no daemon are counted, and told when there is one again", async () => {
  using dir = new TempDir();
  const path = `${dir.path}/log`;
  const syslog = new Syslog(dir.path, path);
  for (let line = 0; line < 3; line++) syslog.send(6, "into nothing");
  await syslog.flush();
  using daemon = new Daemon(path);
  daemon.read();
  syslog.send(6, "there again");
  await daemon.until(/lost/);
  const own = `Balance[${Deno.pid}]`;
  assertEquals(daemon.messages, [`<30>${own}: there again`, `<28>${own}: log lines lost: 3`]);
  syslog.close();
});

Deno.test("a log is closed after a second even if the daemon reads nothing", async () => {
  using dir = new TempDir();
  using daemon = new Daemon(`${dir.path}/log`);
  const log = new Log({ kind: "syslog", folder: dir.path, path: daemon.path }, "info", false);
  for (let line = 0; line < 200; line++) log.log("info", "a line");
  await within(log.close(), "the end of the log");
});
