/** The package for Debian, on a copy of this machine. */
import { assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { needing, program } from "../kit/needs.ts";
import { copy, DEB, onCopy, packaged, succeed, VERSION } from "../kit/packages.ts";
import { TempDir } from "../kit/temp_dir.ts";

const BUILT = packaged(DEB);
const DPKG = program("dpkg-deb");

/** The same package as a later version. */
async function laterVersion(folder: string): Promise<string> {
  await succeed(["dpkg-deb", "-R", DEB, `${folder}/tree`]);
  const control = `${folder}/tree/DEBIAN/control`;
  const text = await Deno.readTextFile(control);
  await Deno.writeTextFile(control, text.replace(`Version: ${VERSION}`, `Version: ${VERSION}.1`));
  await succeed(["dpkg-deb", "-Zgzip", "-z1", "-b", `${folder}/tree`, `${folder}/later.deb`]);
  return `${folder}/later.deb`;
}

Deno.test(needing([BUILT, DPKG], "the .deb has everything that belongs to it"), async () => {
  const { text } = await succeed(["dpkg-deb", "-c", DEB]);
  for (
    const path of [
      "/etc/balance/example.conf",
      "/usr/bin/balance",
      "/usr/lib/systemd/system/balance@.service",
      "/usr/lib/systemd/system/balance@.socket",
      "/usr/lib/tmpfiles.d/balance.conf",
      "/usr/share/bash-completion/completions/balance",
      "/usr/share/doc/balance/changelog.gz",
      "/usr/share/doc/balance/copyright",
      "/usr/share/fish/vendor_completions.d/balance.fish",
      "/usr/share/man/man1/balance.1.gz",
      "/usr/share/zsh/vendor-completions/_balance",
    ]
  ) assertMatch(text, new RegExp(`^-rw\\S+ root/root .* \\.${path}$`, "m"));
});

Deno.test(
  needing([BUILT, DPKG, copy()], "the .deb installs, runs, upgrades, is removed and purged"),
  async () => {
    using folder = new TempDir();
    const later = await laterVersion(folder.path);
    const report = await onCopy(
      `dpkg -i "$1" >log || { cat log; exit 1; }
      balance --version
      stat -c '%a %n' /run/balance /etc/balance/example.conf
      balance -b 127.0.0.1 8888 127.0.0.1:1
      balance -b 127.0.0.1 -c version 8888 | head -n 1
      echo '# mine' >>/etc/balance/example.conf
      echo '8889 127.0.0.1:1' >/etc/balance/own.conf
      dpkg -i "$2" >log || { cat log; exit 1; }
      dpkg-query -W -f='$\{Version}\\n' balance
      balance -b 127.0.0.1 -c version 8888 | head -n 1
      tail -n 1 /etc/balance/example.conf
      balance -b 127.0.0.1 -c kill 8888
      dpkg -r balance >log || { cat log; exit 1; }
      ls /etc/balance
      dpkg -P balance >log 2>&1 || { cat log; exit 1; }
      ls /etc/balance
      find /usr /etc /var/lib/dpkg/info -name balance -o -name 'balance[@.]*' -o -name _balance`,
      [DEB, later],
    );
    const version = "This is balance 3.54";
    assertEquals(report.split("\n").map((line) => line.trim()), [
      `balance ${VERSION} (behaves as balance 3.54)`,
      "1777 /run/balance",
      "644 /etc/balance/example.conf",
      version,
      `${VERSION}.1`,
      version,
      "# mine",
      "shutdown complete, exiting.",
      "example.conf",
      "own.conf",
      "own.conf",
      "/etc/balance",
      "",
    ]);
  },
);

Deno.test(needing([BUILT, program("lintian")], "lintian finds no error in the .deb"), async () => {
  const { text } = await succeed(["lintian", "--fail-on", "error", DEB]);
  assertEquals(text.split("\n").filter((line) => line.startsWith("E:")), []);
});

Deno.test(needing([BUILT, DPKG], "the .deb says what it is and what it needs"), async () => {
  const { text } = await succeed(["dpkg-deb", "-I", DEB]);
  assertStringIncludes(text, "Depends: libc6 (>= 2.27), libgcc-s1\n");
  assertStringIncludes(text, `Version: ${VERSION}\n`);
});
