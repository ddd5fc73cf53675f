/**
 * A world for each case: mount, network, process and IPC namespaces of its own,
 * with a private /etc, /run, /tmp and /dev. The table of it is in README.md.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Job } from "./player_child.ts";
import { exists } from "../kit/needs.ts";
import { makeEtc } from "./etc.ts";

const CASE_MS = 90_000;
const CHILD = fileURLToPath(new URL("./player_child.ts", import.meta.url));
const DENO_FLAGS = ["run", "-A", "--no-config", "--no-lock", "--no-check", "--unstable-net"];
const UNSHARE = ["-m", "-n", "-i", "-p", "-f", "--kill-child", "--mount-proc"];
const DEVICES = ["null", "zero", "full", "random", "urandom", "tty"];

/** Plays cases against one command, each in a fresh world. */
export class Worlds {
  readonly #template: string;
  readonly #script: string;

  /** @param command The program under test, as words. */
  constructor(command: readonly string[]) {
    this.#template = Deno.makeTempDirSync({ prefix: "parity-" });
    const words = [absolute(command[0] ?? ""), ...command.slice(1).map(fromRoot)];
    const denoDir = denoDirectory();
    makeEtc(`${this.#template}/etc`);
    makeBalance(`${this.#template}/bin`, words, denoDir);
    const kept = [
      fileURLToPath(new URL(".", import.meta.url)).replace(/\/$/, ""),
      ...words.filter((word) => word.startsWith("/") && exists(word)).map(home),
      home(Deno.realPathSync(Deno.execPath())),
      home(Deno.realPathSync(words[0] ?? "")),
      ...(exists(denoDir) ? [denoDir] : []),
    ];
    this.#script = setupScript(this.#template, kept);
  }

  /** Why this machine cannot make such a world, or `undefined` when it can. */
  async obstacle(): Promise<string | undefined> {
    const { code, stderr } = await this.#run("true", "", CASE_MS);
    return code === 0 ? undefined : `cannot make a namespace: ${stderr.trim() || `exit ${code}`}`;
  }

  /** Plays one case; resolves with what differs. */
  async play(job: Job): Promise<string[]> {
    const words = [Deno.realPathSync(Deno.execPath()), ...DENO_FLAGS, CHILD].map(quote).join(" ");
    const { code, stdout, stderr } = await this.#run(words, JSON.stringify(job), CASE_MS);
    if (code !== 0) return [`the player failed with exit ${code}: ${stderr.trim().slice(-400)}`];
    return JSON.parse(stdout) as string[];
  }

  /** Removes what was made for all of them. */
  close(): void {
    Deno.removeSync(this.#template, { recursive: true });
  }

  async #run(
    line: string,
    input: string,
    ms: number,
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const child = new Deno.Command("unshare", {
      args: [...UNSHARE, "sh", "-c", `${this.#script}\n${line}\nexit $?`],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const timer = setTimeout(() => child.kill("SIGKILL"), ms);
    const writer = child.stdin.getWriter();
    const writing = writer.write(new TextEncoder().encode(input)).then(() => writer.close())
      .catch(() => {});
    const output = await child.output();
    await writing;
    clearTimeout(timer);
    const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    const late = output.signal === "SIGKILL" ? `did not end within ${ms / 1000} s\n` : "";
    return {
      code: output.code,
      stdout: decode(output.stdout),
      stderr: late + decode(output.stderr),
    };
  }
}

/** Makes `balance`: a link where the command is one file, so that argv[0] is right. */
function makeBalance(dir: string, words: readonly string[], denoDir: string): void {
  Deno.mkdirSync(dir, { mode: 0o755 });
  const file = `${dir}/balance`;
  if (words.length === 1) return Deno.symlinkSync(words[0] ?? "", file);
  const line = words.map(quote).join(" ");
  Deno.writeTextFileSync(
    file,
    `#!/bin/sh\nexport DENO_DIR=${quote(denoDir)} NO_COLOR=1\nexec ${line} "$@"\n`,
  );
  Deno.chmodSync(file, 0o755);
}

/** The shell lines that turn fresh namespaces into a case's world. */
function setupScript(template: string, kept: readonly string[]): string {
  return `set -e
mount --bind ${template}/etc /etc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/parity/work /run/parity/bin /run/parity/old /run/parity/dev
mount --bind ${template}/bin /run/parity/bin
mkdir /run/balance; chmod 1777 /run/balance
[ /var/run -ef /run ] || mount --rbind /run /var/run
${coverLines(kept).join("\n")}
${deviceLines().join("\n")}
ip link set lo up
echo "61000 65000" >/proc/sys/net/ipv4/ip_local_port_range
echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start
set +e`;
}

/**
 * Covers /tmp, and every directory that an unprivileged user cannot pass on the
 * way to what it needs, with an empty one in which only the kept paths are seen.
 */
function coverLines(kept: readonly string[]): string[] {
  const blocked = kept.flatMap((path) => ancestors(path).filter(isClosed).slice(0, 1));
  const covers = ["/tmp", ...new Set(blocked.filter((dir) => dir !== "/tmp"))];
  return covers.flatMap((dir, i) => {
    const old = `/run/parity/old/${i}`;
    const inside = [...new Set(kept)].filter((path) => path.startsWith(`${dir}/`)).sort();
    const lines = [
      `mkdir ${old}; mount --rbind ${quote(dir)} ${old}`,
      `mount -t tmpfs -o mode=${dir === "/tmp" ? 1777 : 755} tmpfs ${quote(dir)}`,
    ];
    for (const path of inside) {
      const target = quote(path);
      const isFolder = Deno.statSync(path).isDirectory;
      lines.push(
        isFolder ? `mkdir -p ${target}` : `mkdir -p ${quote(parent(path))}; : >${target}`,
        `mount --bind ${quote(old + path.slice(dir.length))} ${target}`,
      );
    }
    return [...lines, `umount -l ${old}`];
  });
}

function deviceLines(): string[] {
  const dev = "/run/parity/dev";
  return [
    `mount -t tmpfs -o mode=755 tmpfs ${dev}`,
    `for d in ${DEVICES.join(" ")}; do : >${dev}/$d; mount --bind /dev/$d ${dev}/$d; done`,
    `mkdir ${dev}/pts ${dev}/shm; mount -t tmpfs -o mode=1777 tmpfs ${dev}/shm`,
    `mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts ${dev}/pts`,
    `ln -s pts/ptmx ${dev}/ptmx; ln -s /proc/self/fd ${dev}/fd`,
    `mount --move ${dev} /dev`,
  ];
}

function isClosed(dir: string): boolean {
  return ((Deno.statSync(dir).mode ?? 0) & 0o001) === 0;
}

function ancestors(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, i) => `/${parts.slice(0, i + 1).join("/")}`);
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** What must be seen for a file to work: its folder, or itself where that is too much. */
function home(path: string): string {
  const dir = parent(path);
  return dir === "/" || dir === "/tmp" ? path : dir;
}

function absolute(word: string): string {
  const path = Deno.env.get("PATH") ?? "";
  const candidates = word.includes("/") ? [word] : path.split(":").map((dir) => `${dir}/${word}`);
  const found = candidates.find(exists);
  if (found === undefined) throw new Error(`Cannot find the program ${word}`);
  return found.startsWith("/") ? found : `${Deno.cwd()}/${found}`;
}

/** Programs run in `/`: a file of the command that is named from here. */
function fromRoot(word: string): string {
  const isFile = /^[^-/].*[./]/.test(word) && exists(word);
  return isFile ? `${Deno.cwd()}/${word}` : word;
}

function denoDirectory(): string {
  const home = Deno.env.get("HOME") ?? "/root";
  return Deno.env.get("DENO_DIR") ?? `${Deno.env.get("XDG_CACHE_HOME") ?? `${home}/.cache`}/deno`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
