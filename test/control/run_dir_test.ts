/** Folders and sockets of real files, looked at by one who says which user asks. */
import { clearPath, ControlSocket, makeControlSocket } from "../../lib/control/control_socket.ts";
import { EXIT, ExitError } from "../../lib/core/errors.ts";
import { findInstance, prepareRunDir } from "../../lib/control/run_dir.ts";
import { within } from "../../lib/system/time_limit.ts";
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";

/** The user whose files these are; root's are trusted by everybody, so root gives them away. */
const OWNER = Deno.uid() === 0 ? 12345 : Deno.uid() ?? 0;
const STRANGER = 54321;

/** A temporary folder that belongs to {@link OWNER}. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "balance-dir-" });

  constructor(mode: number) {
    Deno.chmodSync(this.path, mode);
    if (Deno.uid() === 0) Deno.chownSync(this.path, OWNER, OWNER);
  }

  get names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function failure(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    if (error instanceof ExitError) return [error.code, error.message];
    throw error;
  }
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.catch((error: unknown) => error);
  return outcome instanceof ExitError ? [outcome.code, outcome.message] : outcome;
}

Deno.test("a named run directory that others can write to is refused, saying so", () => {
  for (const mode of [0o777, 0o770, 0o702]) {
    using folder = new Folder(mode);
    const shown = `0${mode.toString(8)}`;
    assertEquals(failure(() => prepareRunDir(folder.path, OWNER)), [
      EXIT.unavailable,
      `balance: run directory ${folder.path} is not used: ` +
      `others can write to it and it is not sticky (mode ${shown})`,
    ]);
    assertEquals(folder.names, []);
  }
});

Deno.test("a named run directory of another user is refused, saying so", () => {
  for (const mode of [0o755, 0o1777]) {
    using folder = new Folder(mode);
    assertEquals(failure(() => prepareRunDir(folder.path, STRANGER)), [
      EXIT.unavailable,
      `balance: run directory ${folder.path} is not used: ` +
      `it belongs to another user (uid ${OWNER})`,
    ]);
  }
});

Deno.test("a named run directory that cannot be written to is refused, saying so", () => {
  using folder = new Folder(0o555);
  assertEquals(failure(() => prepareRunDir(folder.path, OWNER)), [
    EXIT.unavailable,
    `balance: run directory ${folder.path} is not used: it cannot be written to`,
  ]);
});

Deno.test("a named run directory may be a symbolic link: its target counts", () => {
  using good = new Folder(0o700);
  using bad = new Folder(0o777);
  using links = new Folder(0o700);
  Deno.symlinkSync(good.path, `${links.path}/good`);
  Deno.symlinkSync(bad.path, `${links.path}/bad`);
  Deno.symlinkSync(`${links.path}/nothing`, `${links.path}/dangling`);
  const real = Deno.realPathSync(good.path);
  assertEquals(prepareRunDir(`${links.path}/good`, OWNER), real);
  assertEquals(prepareRunDir(`${links.path}/good/`, OWNER), real);
  for (const name of ["bad", "dangling"]) {
    const outcome = failure(() => prepareRunDir(`${links.path}/${name}`, OWNER));
    assertEquals([name, (outcome as unknown[])[0]], [name, EXIT.unavailable]);
  }
});

Deno.test("a query looks behind a symbolic link that it was given, and trusts no bad folder", async () => {
  using folder = new Folder(0o700);
  using links = new Folder(0o700);
  await Deno.symlink(folder.path, `${links.path}/run`);
  const path = `${folder.path}/balance.1.0.0.0.0`;
  using _listener = Deno.listen({ transport: "unix", path });
  const found = await findInstance(`${links.path}/run`, 1, undefined, Deno.uid() ?? 0);
  assertEquals(found.kind, "connected");
  if (found.kind === "connected") found.connection.close();

  const refused = async (uid: number): Promise<void> => {
    const outcome = await failureOf(findInstance(`${links.path}/run`, 1, undefined, uid));
    assertEquals((outcome as unknown[])[0], EXIT.os);
    assertStringIncludes(String((outcome as unknown[])[1]), "open: Permission denied");
  };
  await refused(STRANGER);
  await Deno.chmod(folder.path, 0o777);
  await refused(OWNER);
});

/** A socket that nobody listens at. */
function deadSocket(path: string): void {
  const listener = Deno.listen({ transport: "unix", path });
  Deno.renameSync(path, `${path}~`);
  listener.close();
  Deno.renameSync(`${path}~`, path);
  // As an instance marks its own with its process id.
  Deno.utimeSync(path, 4711, 4711);
}

Deno.test("a dead socket makes way for a start, a living one does not", async () => {
  using folder = new Folder(0o700);
  const path = `${folder.path}/socket`;
  deadSocket(path);
  await clearPath(path, Deno.uid() ?? 0);
  assertEquals(folder.names, []);
  using _listener = Deno.listen({ transport: "unix", path });
  const outcome = await failureOf(clearPath(path, Deno.uid() ?? 0));
  assertEquals((outcome as unknown[])[0], EXIT.os);
  assertEquals(folder.names, ["socket"]);
});

/** What another start does at once: it clears the place and listens. */
function startInPlace(path: string): Deno.UnixListener {
  Deno.removeSync(path);
  return Deno.listen({ transport: "unix", path });
}

Deno.test("of two starts that find the same dead socket, one cannot remove the other's new one", async () => {
  using folder = new Folder(0o700);
  const path = `${folder.path}/socket`;
  deadSocket(path);
  const clearing = clearPath(path, Deno.uid() ?? 0);
  // It waits for its connect now.
  using _other = startInPlace(path);
  const outcome = await failureOf(clearing);
  assertEquals((outcome as unknown[])[0], EXIT.os);
  (await Deno.connect({ transport: "unix", path })).close();
});

Deno.test("a control socket knows whether it still has its name, and takes only its own away", async () => {
  using folder = new Folder(0o700);
  const path = `${folder.path}/socket`;
  const listener = Deno.listen({ transport: "unix", path });
  const socket = new ControlSocket(listener, path);
  assertEquals(socket.name, "own");
  await Deno.remove(path);
  assertEquals(socket.name, "gone");
  using stranger = Deno.listen({ transport: "unix", path });
  assertEquals(socket.name, "replaced");
  socket[Symbol.dispose]();
  assertEquals(folder.names, ["socket"]);
  (await Deno.connect({ transport: "unix", path })).close();
  using own = new ControlSocket(stranger, path);
  own[Symbol.dispose]();
  assertEquals(folder.names, []);
  listener.close();
});

Deno.test({
  name: "one start at a time makes its socket in a run dir, but no lock holds one up for ever",
  // The lock that a start has lost its patience with cannot be taken back; it comes when it comes.
  sanitizeOps: false,
  fn: async () => {
    using folder = new Folder(0o700);
    const place = { path: `${folder.path}/socket`, dir: folder.path, uid: Deno.uid() ?? 0 };
    {
      using lock = await Deno.open(folder.path);
      await lock.lock(true);
      const taking = makeControlSocket(place);
      assertEquals(await within(taking, 200), undefined);
      assertEquals(folder.names, []);
      await lock.unlock();
      using socket = await taking;
      assertEquals([socket.name, folder.names], ["own", ["socket"]]);
    }
    using lock = await Deno.open(folder.path);
    await lock.lock(true);
    using socket = await makeControlSocket(place);
    assertEquals([socket.name, folder.names], ["own", ["socket"]]);
    // The start that has lost its patience gets the lock, and gives it back.
    await lock.unlock();
  },
});
