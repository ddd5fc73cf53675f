/** The file of `--log-file`, real files in a folder of the test's own. */
import { Log } from "../../lib/instance/log.ts";
import { LogFile, openLogFile } from "../../lib/instance/log_file.ts";
import { assertEquals, assertMatch, assertThrows } from "../kit/assert.ts";
import { TempDir } from "../kit/temp_dir.ts";

/** A log file that is closed with the test. */
class OpenLog implements Disposable {
  readonly dir = new TempDir();
  readonly path = `${this.dir.path}/log`;
  readonly file: LogFile;

  constructor(maxSize?: number) {
    this.file = new LogFile(this.path, maxSize);
  }

  text(name = "log"): string {
    return Deno.readTextFileSync(`${this.dir.path}/${name}`);
  }

  [Symbol.dispose](): void {
    this.file.close();
    this.dir[Symbol.dispose]();
  }
}

Deno.test("a log file is rotated at its size, and five older ones are kept", () => {
  using log = new OpenLog(10);
  for (const line of "abcdefghij") log.file.write(line.repeat(5));
  assertEquals(log.dir.names.toSorted(), ["log", "log.1", "log.2", "log.3", "log.4", "log.5"]);
  assertEquals(log.text(), "jjjjj\n");
  assertEquals([1, 5].map((age) => log.text(`log.${age}`)), ["iiiii\n", "eeeee\n"]);
});

Deno.test("a log file that is there is written on, and its size counts", () => {
  using log = new OpenLog(10);
  log.file.write("old");
  const again = new LogFile(log.path, 10);
  again.write("new");
  assertEquals(log.text(), "old\nnew\n");
  again.write("more");
  again.close();
  assertEquals([log.text(), log.text("log.1")], ["more\n", "old\nnew\n"]);
});

Deno.test("a log file that cannot be renamed grows on, and no line is lost", () => {
  using log = new OpenLog(10);
  for (let age = 1; age <= 5; age++) {
    Deno.mkdirSync(`${log.path}.${age}/taken`, { recursive: true });
  }
  for (const line of "abcd") log.file.write(line.repeat(5));
  assertEquals(log.text(), "aaaaa\nbbbbb\nccccc\nddddd\n");
});

Deno.test("where an older file cannot be renamed, no other one is overwritten", () => {
  using log = new OpenLog(10);
  Deno.mkdirSync(`${log.path}.5/taken`, { recursive: true });
  for (const age of [1, 4]) Deno.writeTextFileSync(`${log.path}.${age}`, `old ${age}`);
  for (const line of "ab") log.file.write(line.repeat(5));
  assertEquals([log.text(), log.text("log.1"), log.text("log.4")], [
    "aaaaa\nbbbbb\n",
    "old 1",
    "old 4",
  ]);
});

Deno.test("a log file that something else has truncated is not rotated before it is full again", () => {
  using log = new OpenLog(10);
  log.file.write("a".repeat(9));
  Deno.truncateSync(log.path);
  log.file.write("bbbbb");
  assertEquals([log.text(), log.dir.names], ["bbbbb\n", ["log"]]);
});

Deno.test("after a rename by something else, opening again begins a new file", () => {
  using log = new OpenLog();
  log.file.write("before");
  Deno.renameSync(log.path, `${log.path}-20261123`);
  log.file.write("renamed");
  log.file.reopen();
  log.file.write("after");
  assertEquals([log.text("log-20261123"), log.text()], ["before\nrenamed\n", "after\n"]);
});

Deno.test("a log file that cannot be opened again is written on, and says so", async () => {
  using dir = new TempDir();
  const path = `${dir.path}/log`;
  const log = new Log({ kind: "file", file: new LogFile(path) }, "info", false);
  await Deno.rename(path, `${path}.old`);
  await Deno.mkdir(path);
  log.reopen();
  await log.close();
  assertMatch(
    await Deno.readTextFile(`${path}.old`),
    /^\S+ warning log file cannot be opened again reason=".*directory.*"\n$/,
  );
});

Deno.test("the paths of a log file are the file and its older ones, links followed", () => {
  using dir = new TempDir();
  Deno.mkdirSync(`${dir.path}/real`);
  Deno.symlinkSync("real", `${dir.path}/link`);
  Deno.symlinkSync("../target", `${dir.path}/real/log`);
  const file = openLogFile(`${dir.path}/link/log`);
  file.close();
  const real = Deno.realPathSync(dir.path);
  const expected = [`${dir.path}/link/log`, `${real}/real/log`].flatMap((path) => [
    path,
    ...[1, 2, 3, 4, 5].map((age) => `${path}.${age}`),
  ]);
  assertEquals([...file.paths].toSorted(), [...expected, `${real}/target`].toSorted());
});

Deno.test("a log file that cannot be opened fails with one line", () => {
  using dir = new TempDir();
  const error = assertThrows(() => openLogFile(`${dir.path}/none/log`)) as Error;
  assertEquals(
    error.message,
    `balance: cannot write log file ${dir.path}/none/log: No such file or directory`,
  );
});
