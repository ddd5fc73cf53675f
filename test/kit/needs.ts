/**
 * What some tests need of the machine: a program, a privilege, a device.
 *
 * Each need is asked for by trying exactly what the test does with it. A test whose needs are not met is left out, says
 * why in its name, and is noted for the last line of `deno task test`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { names, note, type Want } from "./left_out.ts";

/** Something that a machine may not have. */
export interface Need extends Want {
  /** Whether it is there. */
  readonly met: boolean;
}

/** Debian packages of programs that are not called as their package. */
const PACKAGES: Readonly<Record<string, string>> = {
  dnsmasq: "dnsmasq-base",
  initdb: "postgresql",
  ip: "iproute2",
  msmtpd: "msmtp-mta",
  nginx: "nginx-light",
  nsenter: "util-linux",
  perl: "perl-base",
  postgres: "postgresql",
  prlimit: "util-linux",
  psql: "postgresql",
  promtool: "prometheus",
  "redis-cli": "redis-tools",
  script: "bsdutils",
  setpriv: "util-linux",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  sshd: "openssh-server",
  "systemd-analyze": "systemd",
  unshare: "util-linux",
};
/** Folders that hold server programs, beside those of `PATH`. */
const FOLDERS = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin"];
const BINARY = fileURLToPath(new URL("../../dist/balance", import.meta.url));
/** Whether the long forms of tests run too. */
export const LONG = Deno.env.get("BALANCE_LONG") === "1";
/** The user `nobody` and its group. */
export const NOBODY = 65534;

/** How a test is named and whether it is left out, for `Deno.test(needing(…), fn)`. */
export interface Definition {
  readonly name: string;
  readonly ignore: boolean;
}

/** A test that runs where its needs are met, and is left out with its reason elsewhere. */
export function needing(needs: Need | readonly Need[], name: string): Definition {
  const wants = [needs].flat().filter(({ met }) => !met);
  if (wants.length === 0) return { name, ignore: false };
  note({ test: name, wants });
  return { name: `${name} (needs ${names(wants)})`, ignore: true };
}

/** The path of a program; undefined if it is not installed. PostgreSQL's are looked for in its own folders too. */
export function findProgram(name: string): string | undefined {
  return [...pathFolders(), ...FOLDERS, ...postgresFolders()].map((folder) => `${folder}/${name}`)
    .find(isProgram);
}

/** A program that is started by its name. */
export function program(name: string): Need {
  const met = pathFolders().some((folder) => isProgram(`${folder}/${name}`));
  return { name, package: PACKAGES[name] ?? name, met };
}

/** A program that is started where {@link findProgram} finds it. */
export function installed(name: string): Need {
  return { ...program(name), met: findProgram(name) !== undefined };
}

/** The compiled program. */
export function binary(): Need {
  return {
    name: "dist/balance",
    remedy: "npx -y deno@2.7.14 task compile",
    met: isProgram(BINARY),
  };
}

/** Time for the long forms. */
export function patience(): Need {
  return { name: "long tests", remedy: "BALANCE_LONG=1", met: LONG };
}

/** An entry in the password database, which some servers and clients want of whoever starts them. */
export function account(): Need {
  return { name: "a user with a name", met: succeeds(["id", "-un"]) };
}

/** To run programs as another user. */
export function otherUser(): Need {
  const as = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  return inTurn(
    () => program("setpriv"),
    () => privilege("other users", ["setpriv", ...as, "true"]),
  );
}

/** A namespace of one's own: to mount a file system, as a network, or to be the first process of. */
export function namespace(kind: "mount" | "network" | "pid"): Need {
  const words = {
    mount: ["-m", "mount", "-t", "tmpfs", "none", "/tmp"],
    network: ["-n", "true"],
    pid: ["-pf", "--mount-proc", "true"],
  }[kind];
  return inTurn(
    () => program("unshare"),
    () => privilege(`${kind} namespaces`, ["unshare", ...words]),
  );
}

/** To trace a process that runs already. */
export function tracing(): Need {
  const script = `sleep 60 & pid=$!
    strace -e trace=none -p $pid 2>&1 |
      { read line; kill $pid; case $line in *attached*) exit 0;; esac; exit 1; }`;
  return inTurn(
    () => program("strace"),
    () => privilege("permission to trace", ["sh", "-c", script]),
  );
}

/** To forbid a process of one's own a system call. */
export function filters(): Need {
  return { name: "seccomp", met: exists("/proc/sys/kernel/seccomp/actions_avail") };
}

/** IPv6 on the loopback interface. */
export function ipv6(): Need {
  return { name: "IPv6", met: mayListen("::1", 0) };
}

/** A low port that is refused to users without privileges; some containers let everybody have them all. */
export function reserved(port: number): Need {
  const path = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
  return { name: "ports for root alone", met: Number(Deno.readTextFileSync(path)) > port };
}

/**
 * What a command shows by its success.
 *
 * @param name What is missing when it fails for root; for others that is root.
 */
export function privilege(name: string, words: readonly string[]): Need {
  return { name: Deno.uid() === 0 ? name : "root", met: succeeds(words) };
}

/** Needs of which each can only be tried when the one before it is met: the first that is not, or the last. */
export function inTurn(first: () => Need, ...others: readonly (() => Need)[]): Need {
  return others.reduce((need, next) => need.met ? next() : need, first());
}

/** Whether an address and port can be listened on here, now and by this user. */
export function mayListen(hostname: string, port: number): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return true;
  } catch {
    return false;
  }
}

/** Whether something has a path. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function succeeds([program = "", ...args]: readonly string[]): boolean {
  try {
    const command = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    return command.outputSync().success;
  } catch {
    return false;
  }
}

function isProgram(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}

function pathFolders(): string[] {
  return (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
}

function postgresFolders(): string[] {
  const top = "/usr/lib/postgresql";
  try {
    return [...Deno.readDirSync(top)].map(({ name }) => `${top}/${name}/bin`);
  } catch {
    return [];
  }
}
