/**
 * Finds (and where possible installs) the programs that are compared.
 *
 * @module
 */
import * as candidates from "./candidates.ts";
import type { Candidate } from "./candidates.ts";
import { exists, findProgram } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import type { Processes } from "./processes.ts";
import { descriptorLimit } from "./procfs.ts";
import { note, progress } from "./terminal.ts";

const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";
const PACKAGES = { haproxy: ["haproxy"], nginx: ["nginx", "libnginx-mod-stream"], pen: ["pen"] };

/** Who takes part, our program first, and remarks on who does not. */
export interface Lineup {
  readonly candidates: readonly Candidate[];
  readonly remarks: readonly string[];
}

/**
 * Puts the field together: compiles our program when it is missing, installs missing peers when
 * run as root, and leaves out what is not to be had, with a remark.
 *
 * @param root Directory of the project, ending in a slash.
 * @throws {Error} when our own program cannot be had.
 */
export async function assemble(
  root: string,
  options: BenchOptions,
  processes: Processes,
): Promise<Lineup> {
  const remarks: string[] = [];
  const field = options.ours === undefined
    ? await ownPrograms(root, processes)
    : [candidates.custom(candidates.OURS, options.ours)];
  if (options.also !== undefined) field.push(candidates.custom("also", options.also));
  await installMissing(processes);
  for (const name of ["haproxy", "nginx", "pen"] as const) {
    const peer = await findPeer(name, processes);
    if (peer === undefined) {
      remarks.push(`${name} left out: not installed, or without what it needs`);
    } else field.push(peer);
  }
  const reference = Deno.env.get("BALANCE_REF");
  if (reference === undefined || reference === "") {
    remarks.push("classic left out: BALANCE_REF is not set");
  } else if (!exists(reference)) {
    remarks.push(`classic left out: BALANCE_REF is not a file: ${reference}`);
  } else field.push(candidates.classic(reference));
  return { candidates: field, remarks };
}

/** Our program with either engine; the native one is on Linux alone. */
async function ownPrograms(root: string, processes: Processes): Promise<Candidate[]> {
  const portable = await compiledProgram(root, processes);
  if (Deno.build.os !== "linux") return [portable];
  return [portable, candidates.native(`${root}dist/balance`, portable.version)];
}

/** Our program from `dist/`, compiled by the task when it is not there. */
export async function compiledProgram(root: string, processes: Processes): Promise<Candidate> {
  const path = `${root}dist/balance`;
  if (!exists(path)) {
    progress("compiling dist/balance");
    const made = await processes.run([Deno.execPath(), "task", "compile"], { cwd: root });
    if (made.code !== 0 || !exists(path)) {
      const reason = made.stderr.trim().split("\n").slice(-3).join("\n");
      throw new Error(`Cannot compile dist/balance (deno task compile): ${reason}`);
    }
  }
  const version = await firstLine([path, "--version"], processes);
  const commit = await firstLine(["git", "-C", root, "rev-parse", "--short", "HEAD"], processes);
  return candidates.ours(path, commit === "" ? version : `${version} (${commit})`);
}

async function findPeer(
  name: keyof typeof PACKAGES,
  processes: Processes,
): Promise<Candidate | undefined> {
  const path = findProgram(name);
  if (path === undefined) return undefined;
  const limit = descriptorLimit();
  switch (name) {
    case "haproxy": {
      const line = await firstLine([path, "-v"], processes);
      return candidates.haproxy(path, line.replace(/\s+-.*$/, ""), limit);
    }
    case "nginx": {
      const module = exists(STREAM_MODULE) ? STREAM_MODULE : undefined;
      if (module === undefined && !(await hasStream(path, processes))) return undefined;
      return candidates.nginx(path, await firstLine([path, "-v"], processes), module, limit);
    }
    case "pen": {
      const query = ["dpkg-query", "-W", "-f", "pen ${Version}", "pen"];
      return candidates.pen(path, await firstLine(query, processes), limit);
    }
  }
}

async function installMissing(processes: Processes): Promise<void> {
  const wanted = Object.entries(PACKAGES)
    .filter(([name]) =>
      findProgram(name) === undefined || (name === "nginx" && !exists(STREAM_MODULE))
    )
    .flatMap(([, packages]) => packages);
  const apt = findProgram("apt-get");
  if (wanted.length === 0 || apt === undefined || Deno.uid() !== 0) return;
  note(`installing ${wanted.join(" ")} with apt-get`);
  // Through a shell and without its output: a service that the package starts must not keep a pipe
  // of ours open.
  const script = 'apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1';
  const argv = ["env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", script, "sh", ...wanted];
  const { code } = await processes.run(argv);
  if (code !== 0) note(`apt-get failed with exit status ${code}`);
}

/** Whether nginx can relay without loading a module. */
async function hasStream(path: string, processes: Processes): Promise<boolean> {
  const { stderr } = await processes.run([path, "-V"]);
  return /--with-stream(?!\S)/.test(stderr);
}

/** First line that a command prints on either stream; empty when it cannot be had. */
async function firstLine(argv: readonly string[], processes: Processes): Promise<string> {
  try {
    const { code, stdout, stderr } = await processes.run(argv);
    if (code !== 0) return "";
    return (stdout.trim() || stderr.trim()).split("\n")[0] ?? "";
  } catch {
    return "";
  }
}
