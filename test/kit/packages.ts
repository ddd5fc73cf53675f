/**
 * The packages that `deno task package` has made, and machines of a test's own to try them on.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { exists, inTurn, type Need, privilege, program } from "./needs.ts";
import { execute, type Execution, ROOT } from "./programs.ts";

/** Where the packages are. */
export const PACKAGES = `${ROOT}dist/packages`;
/** The root file system of the image. */
export const IMAGE = `${ROOT}dist/image/rootfs`;
/** The version that they are of. */
export const VERSION: string = config.version;

const ARCHITECTURE = Deno.build.arch === "aarch64" ? ["arm64", "aarch64"] : ["amd64", "x86_64"];

/** The package for Debian. */
export const DEB = `${PACKAGES}/balance_${VERSION}_${ARCHITECTURE[0]}.deb`;
/** The package for RPM. */
export const RPM = `${PACKAGES}/balance-${VERSION}-1.${ARCHITECTURE[1]}.rpm`;
/** The archive for any Linux. */
export const ARCHIVE = `${PACKAGES}/balance-${VERSION}-${Deno.build.target}.tar.gz`;

/** Something that `deno task package` makes. */
export function packaged(path: string): Need {
  return { name: "packages", remedy: "npx -y deno@2.7.14 task package", met: exists(path) };
}

/**
 * Runs a script as root of a machine that is a copy of this one: what it changes is gone with it, and so is every process
 * that it leaves. `$1` and so on are the words.
 *
 * @throws If it fails.
 */
export async function onCopy(script: string, words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await execute(copied(["sh", "-ec", script, "sh", ...words]), {
    limitMs: 120_000,
  });
  const text = new TextDecoder().decode(stdout);
  if (code !== 0) throw new Error(`exit ${code}: ${text}${stderr}`);
  return text;
}

/** To copy the machine. */
export function copy(): Need {
  return inTurn(
    () => program("unshare"),
    () => privilege("an overlay of the file system", copied(["true"])),
  );
}

/** Runs a program to its end, and expects success. */
export async function succeed(words: readonly string[]): Promise<Execution & { text: string }> {
  const result = await execute(words, { limitMs: 120_000 });
  const text = new TextDecoder().decode(result.stdout);
  if (result.code !== 0) throw new Error(`${words.join(" ")}: ${text}${result.stderr}`);
  return { ...result, text };
}

/** The words that run a program on a copy of this machine. */
function copied(words: readonly string[]): string[] {
  const enter = `top=$(mktemp -d) && mount -t tmpfs none $top && cd $top && mkdir up work root &&
    mount -t overlay none -o lowerdir=/,upperdir=up,workdir=work root && cd root &&
    mount -t proc proc proc && mount --rbind /dev dev && mount -t tmpfs -o mode=755 none run &&
    ip link set lo up && exec chroot . "$@"`;
  return ["unshare", "-mpnf", "--kill-child", "sh", "-c", enter, "sh", ...words];
}
