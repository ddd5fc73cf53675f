/** The units of systemd, read by systemd itself. */
import { assertEquals, assertGreater, assertMatch } from "../kit/assert.ts";
import { needing, program } from "../kit/needs.ts";
import { execute, ROOT } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";

const ANALYZE = program("systemd-analyze");
const UNITS = `${ROOT}man/systemd`;
/** Highest exposure, of 10. */
const MOST = 2;

/** Copies the units, with a program that is there. */
async function unitFolder(): Promise<TempDir> {
  const folder = new TempDir();
  for await (const { name } of Deno.readDir(UNITS)) {
    const text = await Deno.readTextFile(`${UNITS}/${name}`);
    const path = `${folder.path}/${name}`;
    await Deno.writeTextFile(path, text.replaceAll("/usr/bin/balance", "/bin/true"));
  }
  return folder;
}

for (const unit of ["balance@web.service", "balance@443.socket"]) {
  Deno.test(needing(ANALYZE, `systemd has nothing to say of ${unit}`), async () => {
    using folder = await unitFolder();
    const words = ["systemd-analyze", "verify", "--man=no", `${folder.path}/${unit}`];
    const { code, stdout, stderr } = await execute(words, {
      env: { SYSTEMD_UNIT_PATH: `${folder.path}:` },
    });
    assertEquals([code, new TextDecoder().decode(stdout), stderr], [0, "", ""]);
  });
}

Deno.test(needing(ANALYZE, `the service's exposure is ${MOST}.0 at most`), async () => {
  const words = ["systemd-analyze", "security", "--offline=true", `${UNITS}/balance@.service`];
  const { stdout } = await execute(words);
  const [, exposure] = /Overall exposure level for \S+: ([\d.]+)/.exec(
    new TextDecoder().decode(stdout),
  ) ?? [];
  assertGreater(MOST + 0.01, Number(exposure));
});

Deno.test("the service starts what the manual says, and its folder is made by tmpfiles", async () => {
  const service = await Deno.readTextFile(`${UNITS}/balance@.service`);
  assertMatch(service, /^ExecStart=\/usr\/bin\/balance -f @\/etc\/balance\/%i\.conf$/m);
  assertMatch(service, /^ReadWritePaths=\/run\/balance$/m);
  assertMatch(
    await Deno.readTextFile(`${UNITS}/balance.tmpfiles`),
    /^d \/run\/balance 1777 root /m,
  );
});
