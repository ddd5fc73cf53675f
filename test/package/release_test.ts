/** What a release has besides packages of distributions: archives, sums, the bill of materials, the workflow. */
import { billOfMaterials, type LockFile } from "../../.ci/bill_of_materials.ts";
import { writeTar } from "../../.ci/tar.ts";
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { type Need, needing, program } from "../kit/needs.ts";
import { ARCHIVE, packaged, PACKAGES, succeed, VERSION } from "../kit/packages.ts";
import { ROOT } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";

const TAR = program("tar");
const BUILT = packaged(ARCHIVE);

Deno.test(needing(TAR, "an archive is what tar reads from it"), async () => {
  using folder = new TempDir();
  const bytes = crypto.getRandomValues(new Uint8Array(1000));
  const archive = writeTar([
    { path: "top/", mode: 0o755 },
    { path: "top/file", bytes, mode: 0o640 },
    { path: "top/empty", bytes: new Uint8Array(), mode: 0o644 },
    { path: "top/link", link: "file", mode: 0o777 },
  ], 1_000_000_000);
  await Deno.writeFile(`${folder.path}/a.tar`, await archive.bytes());
  const { text } = await succeed(["tar", "--utc", "-tvf", `${folder.path}/a.tar`]);
  assertEquals(text.replace(/ +/g, " ").trim().split("\n"), [
    "drwxr-xr-x root/root 0 2001-09-09 01:46 top/",
    "-rw-r----- root/root 1000 2001-09-09 01:46 top/file",
    "-rw-r--r-- root/root 0 2001-09-09 01:46 top/empty",
    "lrwxrwxrwx root/root 0 2001-09-09 01:46 top/link -> file",
  ]);
  await succeed(["tar", "-C", folder.path, "-xf", `${folder.path}/a.tar`]);
  assertEquals(await Deno.readFile(`${folder.path}/top/file`), bytes);
});

Deno.test(
  needing([BUILT, TAR], "the archive of this platform runs where it is unpacked"),
  async () => {
    using folder = new TempDir();
    await succeed(["tar", "-C", folder.path, "-xzf", ARCHIVE]);
    const top = `${folder.path}/balance-${VERSION}-${Deno.build.target}`;
    const { text } = await succeed([`${top}/balance`, "--version"]);
    assertStringIncludes(text, `balance ${VERSION} `);
    for (const path of ["LICENSE", "man/balance.1", "man/systemd/balance@.service"]) {
      assertEquals(await Deno.readFile(`${top}/${path}`), await Deno.readFile(`${ROOT}${path}`));
    }
    for (const shell of ["bash", "zsh", "fish"]) {
      await Deno.stat(
        `${top}/completions/balance.${shell}`,
      );
    }
  },
);

Deno.test(
  needing([BUILT, program("sha256sum")], "SHA256SUMS has every file of the release"),
  async () => {
    const sums = await Deno.readTextFile(`${PACKAGES}/SHA256SUMS`);
    await succeed(["sh", "-c", 'cd "$1" && sha256sum -c --quiet SHA256SUMS', "sh", PACKAGES]);
    const names = await Array.fromAsync(Deno.readDir(PACKAGES), ({ name }) => name);
    assertEquals(
      sums.trim().split("\n").map((line) => line.split("  ")[1] ?? ""),
      names.filter((name) => name !== "SHA256SUMS").toSorted(),
    );
  },
);

Deno.test("the bill of materials names the runtime and every package that the program is made of", async () => {
  const lock: LockFile = JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`));
  const text = await billOfMaterials(lock, 1_000_000_000);
  assertEquals(text, await billOfMaterials(lock, 1_000_000_000));
  const bill = JSON.parse(text);
  const named = bill.components.map(({ name, version }: { name: string; version: string }) =>
    `${name}@${version}`
  );
  const { imports }: { imports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(`${ROOT}lib/imports.json`),
  );
  const sources = (await modulesOf(`${ROOT}lib`)).join("\n");
  const imported = Object.entries(imports)
    .filter(([name]) => sources.includes(`"${name}"`))
    .map(([, target]) => /^npm:(@?[^@]+@[^/]+)/.exec(target)?.[1] ?? target);
  assertEquals(named.toSorted(), [...new Set(["deno@2.7.14", ...imported])].toSorted());
  assertEquals([bill.bomFormat, bill.specVersion], ["CycloneDX", "1.6"]);
  assertEquals(bill.metadata.timestamp, "2001-09-09T01:46:40Z");
});

/** Go has it, and Debian has not. */
const ACTIONLINT: Need = {
  name: "actionlint",
  remedy: "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
  met: program("actionlint").met,
};

Deno.test(needing(ACTIONLINT, "actionlint finds nothing in the workflow"), async () => {
  const { text } = await succeed(["actionlint", `${ROOT}.github/workflows/release.yml`]);
  assertEquals(text, "");
});

/** The texts of all modules in a folder. */
async function modulesOf(folder: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) texts.push(...await modulesOf(path));
    else if (name.endsWith(".ts")) texts.push(await Deno.readTextFile(path));
  }
  return texts;
}
