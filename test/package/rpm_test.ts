/** The package for RPM, read by rpm itself. */
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { needing, program } from "../kit/needs.ts";
import { packaged, RPM, succeed, VERSION } from "../kit/packages.ts";

const NEEDS = [packaged(RPM), program("rpm")];

Deno.test(needing(NEEDS, "the .rpm has everything that belongs to it, whole"), async () => {
  const { text } = await succeed(["rpm", "-qlp", RPM]);
  assertEquals(text.trim().split("\n"), [
    "/etc/balance/example.conf",
    "/usr/bin/balance",
    "/usr/lib/systemd/system/balance@.service",
    "/usr/lib/systemd/system/balance@.socket",
    "/usr/lib/tmpfiles.d/balance.conf",
    "/usr/share/bash-completion/completions/balance",
    "/usr/share/fish/vendor_completions.d/balance.fish",
    "/usr/share/licenses/balance/LICENSE",
    "/usr/share/man/man1/balance.1.gz",
    "/usr/share/zsh/site-functions/_balance",
  ]);
  assertStringIncludes((await succeed(["rpm", "-K", "--nosignature", RPM])).text, "digests OK");
});

Deno.test(needing(NEEDS, "the .rpm keeps what the administrator has changed"), async () => {
  const { text } = await succeed(["rpm", "-qcp", RPM]);
  assertEquals(text, "/etc/balance/example.conf\n");
  const flags = await succeed(["rpm", "-qp", "--qf", "[%{FILENAMES} %{FILEFLAGS:fflags}\n]", RPM]);
  assertStringIncludes(flags.text, "/etc/balance/example.conf cn\n");
  assertEquals((await succeed(["rpm", "-qp", "--qf", "%{VERSION}", RPM])).text, VERSION);
});
