/** The container image: exactly its files, as the first process and as nobody, and a build of it. */
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { Backend, echo } from "../kit/backends.ts";
import { checkEcho } from "../kit/clients.ts";
import { namespace, needing, NOBODY, otherUser, program } from "../kit/needs.ts";
import { IMAGE, packaged, succeed } from "../kit/packages.ts";
import { freePort, isOpen } from "../kit/ports.ts";
import { children } from "../kit/processes.ts";
import { execute, ROOT } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually, Output, within } from "../kit/wait.ts";

const BUILT = packaged(`${IMAGE}/usr/bin/balance`);
const recipe = Deno.readTextFileSync(`${ROOT}.ci/packaging/Containerfile`);

/** Begins a container of the image, read-only but for the run directory; the rest of the words is its command. */
const CONTAINER = `mount -t overlay none -o "lowerdir=$1:$2" /mnt &&
  mount -t proc none /mnt/proc && mount -t tmpfs -o mode=1777 none /mnt/var/run/balance &&
  shift 2 && exec chroot --userspec=${NOBODY}:${NOBODY} /mnt "$@"`;

/** A command of the recipe, written as JSON. */
function words(instruction: string): string[] {
  const [, text = "[]"] = new RegExp(`${instruction} (\\[.*\\])`).exec(recipe) ?? [];
  return JSON.parse(text);
}

Deno.test(
  needing(
    [BUILT, namespace("pid"), namespace("mount"), otherUser()],
    "the files of the image are enough: it serves, is healthy, and ends on SIGTERM",
  ),
  async () => {
    using folder = new TempDir();
    await Deno.mkdir(`${folder.path}/lower/proc`, { recursive: true });
    await using backend = new Backend(echo);
    const port = freePort();
    const command = [...words("ENTRYPOINT"), String(port), backend.operand];
    const container = new Deno.Command("unshare", {
      args: [
        ...["-mpf", "--kill-child", "sh", "-c", CONTAINER, "sh", IMAGE],
        ...[`${folder.path}/lower`, ...command],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const stderr = new Output(container.stderr);
    try {
      await eventually(() => isOpen(port), "the port is open");
      using client = await Deno.connect({ port });
      await checkEcho(client);
      const pid = children(container.pid)[0] ?? 0;
      const check = words("HEALTHCHECK .* CMD");
      const place = [`--root=/proc/${pid}/root`, `--wd=/proc/${pid}/root`];
      const inside = ["nsenter", "-t", `${pid}`, "-m", "-p", ...place];
      const nobody = ["-S", `${NOBODY}`, "-G", `${NOBODY}`];
      const { text } = await succeed([...inside, ...nobody, ...check]);
      assertStringIncludes(text, ` ${port} `);
      Deno.kill(pid, "SIGTERM");
      assertEquals((await within(container.status, "the end")).code, 143);
    } finally {
      await end(container);
    }
    await stderr.ended;
    assertEquals(stderr.text, "");
  },
);

async function end(process: Deno.ChildProcess): Promise<void> {
  try {
    process.kill("SIGKILL");
  } catch {
    // It has ended.
  }
  await process.status;
}

Deno.test("the image runs as nobody, with a health check, and is built from nothing", () => {
  assertStringIncludes(recipe, "\nFROM scratch\n");
  assertStringIncludes(recipe, `\nUSER ${NOBODY}:${NOBODY}\n`);
  assertEquals(words("ENTRYPOINT"), ["/usr/bin/balance", "-f"]);
  assertEquals(words("HEALTHCHECK .* CMD"), ["/usr/bin/balance", "--list"]);
});

Deno.test(
  needing([BUILT, program("buildah"), namespace("mount")], "the image can be built"),
  async () => {
    using folder = new TempDir();
    const store = [
      "--storage-driver",
      "vfs",
      "--root",
      `${folder.path}/s`,
      "--runroot",
      `${folder.path}/r`,
    ];
    const buildah = (args: readonly string[]): ReturnType<typeof succeed> =>
      succeed(["buildah", ...store, ...args]);
    const file = `${ROOT}.ci/packaging/Containerfile`;
    await buildah([
      ...["bud", "-q", "--format", "docker", "--isolation", "chroot", "-t", "balance"],
      ...["-f", file, `${ROOT}dist/image`],
    ]);
    const container = (await buildah(["from", "balance"])).text.trim();
    const top = (await buildah(["mount", container])).text.trim();
    const { stdout } = await execute(["diff", "-r", "--no-dereference", IMAGE, top]);
    assertEquals(new TextDecoder().decode(stdout), "");
    await buildah(["rm", container]);
  },
);
