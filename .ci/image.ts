/**
 * The root file system of the container image: the binary, the libraries that it asks the system for, and the little that
 * these look up.
 *
 * @module
 */
import { root } from "./compile.ts";

/** Where it goes; the Containerfile takes it from there. */
const FOLDER = `${root}/dist/image/rootfs`;

/** Small files that the C library reads. */
const FILES: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0::/:/sbin/nologin\nnobody:x:65534:65534::/:/sbin/nologin\n",
  "etc/group": "root:x:0:\nnogroup:x:65534:\n",
  "etc/nsswitch.conf": "hosts: files dns\nservices: files\n",
};

/** Folders for what comes while it runs. */
const OPEN_FOLDERS = ["var/run/balance", "tmp"];

/**
 * Lays the files down, Linux only; elsewhere nothing is done.
 *
 * @param time Seconds since 1970, for every file.
 */
export async function stageImage(binary: Uint8Array<ArrayBuffer>, time: number): Promise<void> {
  if (Deno.build.os !== "linux") return;
  await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
  const put = async (path: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> => {
    const to = `${FOLDER}/${path}`;
    await Deno.mkdir(to.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeFile(to, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    await Deno.chmod(to, mode);
  };
  await put("usr/bin/balance", binary, 0o755);
  for (const library of await librariesOf(`${FOLDER}/usr/bin/balance`)) {
    await put(library.slice(1), await Deno.readFile(library), 0o755);
  }
  for (const [path, text] of Object.entries(FILES)) await put(path, text);
  for (const path of OPEN_FOLDERS) {
    await Deno.mkdir(`${FOLDER}/${path}`, { recursive: true });
    await Deno.chmod(`${FOLDER}/${path}`, 0o1777);
  }
  await dateAll(FOLDER, new Date(time * 1000));
}

/** Dates a folder and all that is in it. */
async function dateAll(folder: string, date: Date): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await dateAll(path, date);
    else await Deno.utime(path, date, date);
  }
  await Deno.utime(folder, date, date);
}

/** The shared libraries of a program, the loader included, by the paths that it looks for them at. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("ldd", { args: [program] }).output();
  const lines = new TextDecoder().decode(stdout).split("\n");
  return lines.flatMap((line) => {
    const [, path = ""] = /(?:=> )?(\/\S+) \(0x/.exec(line) ?? [];
    return path === "" ? [] : [path];
  });
}
