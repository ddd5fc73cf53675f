// deno-lint-ignore-file no-console -- a tool of the developers, whose console it is
/**
 * Makes packages in `dist/packages/`, for every platform that can be compiled for here:
 *
 *     deno task package
 *
 * A tar.gz for each platform, a `.deb` and an `.rpm` for each Linux, the files of a container image, a bill of materials,
 * and `SHA256SUMS` of it all. `.deb` and `.rpm` are made by nFPM: the command that `NFPM` names, or one that Go fetches and
 * checks. Everything is dated with the commit, so that two runs make the same bytes.
 *
 * @module
 */
import { billOfMaterials, type LockFile } from "./bill_of_materials.ts";
import { binaryOf, bundle, compile, root, TARGETS } from "./compile.ts";
import { debianDocuments } from "./debian_documents.ts";
import { stageImage } from "./image.ts";
import {
  completionFiles,
  compressed,
  DESCRIPTION,
  MAINTAINER,
  type PackageFile,
  source,
  systemFiles,
  VERSION,
} from "./package_files.ts";
import { sourceDate } from "./source_date.ts";
import { type TarEntry, writeTar } from "./tar.ts";

/** Where packages go, from the top of the repository. */
const FOLDER = "dist/packages";

/** nFPM, as Go fetches it. */
const NFPM = ["go", "run", "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2"];

/** What the distributions call the platforms that they have packages for. */
const ARCHITECTURES: Readonly<Record<string, "amd64" | "arm64">> = {
  "x86_64-unknown-linux-gnu": "amd64",
  "aarch64-unknown-linux-gnu": "arm64",
};

/** The tar.gz of one platform: the binary and what lies beside it. */
async function writeArchive(target: string, time: number): Promise<void> {
  const name = `balance-${VERSION}-${target}`;
  const file = async (to: string, from: string, mode = 0o644): Promise<TarEntry> => ({
    path: `${name}/${to}`,
    bytes: await source(from),
    mode,
  });
  const units = ["balance@.service", "balance@.socket", "balance.tmpfiles"];
  const suffix = target.includes("windows") ? ".exe" : "";
  const entries = [
    await file(`balance${suffix}`, binaryOf(target), 0o755),
    ...await Promise.all([
      ...["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"].map((each) => file(each, each)),
      file("man/balance.1", "man/balance.1"),
      ...units.map((each) => file(`man/systemd/${each}`, `man/systemd/${each}`)),
    ]),
    ...completionFiles().map(([shell, bytes]) => ({
      path: `${name}/completions/balance.${shell}`,
      bytes,
      mode: 0o644,
    })),
  ];
  const tar = await writeTar(entries, time).bytes();
  await Deno.writeFile(`${root}/${FOLDER}/${name}.tar.gz`, compressed(tar));
}

/** The `.deb` and the `.rpm` of one platform. */
async function writePackages(target: string, arch: string, time: number): Promise<boolean> {
  const binary = await source(binaryOf(target));
  const licence = { path: "/usr/share/licenses/balance/LICENSE", bytes: await source("LICENSE") };
  const work = await Deno.makeTempDir({ prefix: "balance-package-" });
  try {
    const made = [];
    for (const packager of ["deb", "rpm"] as const) {
      const documents = packager === "deb" ? await debianDocuments(time) : [licence];
      const all = [...await systemFiles(binary, packager), ...documents];
      const config = `${work}/${packager}.yaml`;
      const contents = await stage(all, `${work}/${packager}`);
      // JSON is YAML too.
      await Deno.writeTextFile(config, JSON.stringify(describe(arch, contents, time)));
      made.push(await nfpm(["package", "-f", config, "-p", packager, "-t", `${root}/${FOLDER}`]));
    }
    return made.every((each) => each);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** Lays files down for nFPM. */
async function stage(files: readonly PackageFile[], folder: string): Promise<unknown[]> {
  await Deno.mkdir(folder);
  return await Promise.all(files.map(async ({ path, bytes, mode = 0o644, conffile }, at) => {
    const src = `${folder}/${at}`;
    await Deno.writeFile(src, bytes);
    return {
      src,
      dst: path,
      ...(conffile === true ? { type: "config|noreplace" } : {}),
      file_info: { mode, owner: "root", group: "root" },
    };
  }));
}

function describe(arch: string, contents: readonly unknown[], time: number): unknown {
  const script = (name: string): string => `${root}/.ci/packaging/${name}`;
  return {
    name: "balance",
    arch,
    platform: "linux",
    version: VERSION,
    version_schema: "none",
    section: "net",
    priority: "optional",
    maintainer: MAINTAINER,
    description: DESCRIPTION,
    license: "MIT",
    mtime: new Date(time * 1000).toISOString(),
    contents,
    scripts: {
      postinstall: script("postinst"),
      preremove: script("prerm"),
      postremove: script("postrm"),
    },
    overrides: {
      deb: { depends: ["libc6 (>= 2.27)", "libgcc-s1"] },
      rpm: { depends: ["glibc >= 2.27", "libgcc"] },
    },
    deb: { compression: "gzip" },
    rpm: { compression: "gzip:9", buildhost: "localhost", group: "Unspecified" },
  };
}

async function nfpm(args: readonly string[]): Promise<boolean> {
  const given = Deno.env.get("NFPM");
  const [program = "", ...words] = given === undefined ? NFPM : [given];
  const { success } = await new Deno.Command(program, {
    args: [...words, ...args],
    stdout: "null",
    stderr: "inherit",
  }).output();
  return success;
}

async function writeSums(): Promise<void> {
  const sums: string[] = [];
  const entries = await Array.fromAsync(Deno.readDir(`${root}/${FOLDER}`));
  for (const { name } of entries.toSorted((a, b) => a.name < b.name ? -1 : 1)) {
    const digest = await crypto.subtle.digest("SHA-256", await source(`${FOLDER}/${name}`));
    sums.push(`${new Uint8Array(digest).toHex()}  ${name}\n`);
  }
  await Deno.writeTextFile(`${root}/${FOLDER}/SHA256SUMS`, sums.join(""));
  console.log(sums.join("").trimEnd());
}

async function main(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    console.error("usage: deno task package");
    return 64;
  }
  const time = sourceDate(root);
  await Deno.remove(`${root}/${FOLDER}`, { recursive: true }).catch(() => {});
  await Deno.mkdir(`${root}/${FOLDER}`, { recursive: true });
  if (!(await bundle())) return 1;
  const missing: string[] = [];
  for (const target of TARGETS) {
    if (!(await compile(binaryOf(target), target))) {
      missing.push(`no packages for ${target}: it cannot be compiled for here`);
      continue;
    }
    await writeArchive(target, time);
    const arch = ARCHITECTURES[target];
    if (arch !== undefined && !(await writePackages(target, arch, time))) {
      missing.push(`no .deb or .rpm for ${target}: nFPM cannot be had or has failed`);
    }
    if (target === Deno.build.target) await stageImage(await source(binaryOf(target)), time);
  }
  const lock: LockFile = JSON.parse(new TextDecoder().decode(await source("deno.lock")));
  const bill = await billOfMaterials(lock, time);
  await Deno.writeTextFile(`${root}/${FOLDER}/balance-${VERSION}.cdx.json`, bill);
  await writeSums();
  for (const line of missing) console.error(`balance: ${line}`);
  return missing.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
