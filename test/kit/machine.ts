/**
 * A copy of this machine that is booted with its own systemd, with the package installed.
 *
 * @module
 */
import { exists, inTurn, type Need, privilege, program } from "./needs.ts";
import { copy, DEB, packaged, succeed } from "./packages.ts";
import { children } from "./processes.ts";
import { eventually, Output } from "./wait.ts";

/** Where systemd keeps its groups of processes: a hierarchy of its own, or the one for everything. */
const GROUPS = exists("/sys/fs/cgroup/cgroup.controllers")
  ? { folder: "/sys/fs/cgroup", mount: "-t cgroup2 none sys/fs/cgroup" }
  : {
    folder: "/sys/fs/cgroup/systemd",
    mount: "-t cgroup -o none,name=systemd none sys/fs/cgroup/systemd",
  };

/** What a machine of its own takes: it must not reach the kernel's settings, modules and devices of this one. */
const BOOT = `mount --make-rprivate / && top=$(mktemp -d) && mount -t tmpfs none $top && cd $top &&
  mkdir up work root && mount -t overlay none -o lowerdir=/,upperdir=up,workdir=work root && cd root &&
  mount -t proc proc proc && mount --bind proc/sys proc/sys && mount -o remount,bind,ro proc/sys &&
  mount -t tmpfs -o mode=755 none run && mount -t tmpfs none tmp && mount -t sysfs -o ro none sys &&
  mount -t tmpfs none sys/fs/cgroup && mkdir sys/fs/cgroup/systemd && mount ${GROUPS.mount} &&
  mount -t tmpfs -o mode=755 none dev && mkdir dev/shm dev/pts tmp/old &&
  mount -t devpts -o newinstance,ptmxmode=666 none dev/pts && ln -s pts/ptmx dev/ptmx &&
  for node in null zero full random urandom tty; do
    touch dev/$node && mount --bind /dev/$node dev/$node || exit
  done && ip link set lo up && : >etc/fstab && : >etc/machine-id &&
  chroot . dpkg -i "$1" >tmp/log 2>&1 && pivot_root . tmp/old &&
  exec setpriv --bounding-set=-sys_module,-sys_boot,-sys_time,-syslog chroot . env -i container=test \\
    sh -c 'umount -l /tmp/old; exec /lib/systemd/systemd --system --unit=sysinit.target --show-status=0'`;

/** To boot a copy of the machine. */
export function machine(): Need {
  const group = `${GROUPS.folder}/balance-probe.$$`;
  return inTurn(
    () => packaged(DEB),
    () => program("dpkg"),
    () => ({ ...program("systemctl"), package: "systemd" }),
    () => ({ ...program("ip"), package: "iproute2" }),
    copy,
    () => privilege("control groups", ["sh", "-c", `mkdir ${group} && rmdir ${group}`]),
  );
}

/** A copy of this machine that has booted. */
export class Machine implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #group: string;
  readonly #said: Output;

  private constructor(child: Deno.ChildProcess, group: string) {
    this.#child = child;
    this.#group = group;
    this.#said = new Output(child.stderr);
  }

  /** Boots, with the package installed. */
  static async boot(folder: string): Promise<Machine> {
    const group = `${GROUPS.folder}/balance-${folder.replace(/.*\W/, "")}`;
    const enter = 'mkdir "$1" && echo $$ >"$1/cgroup.procs" && shift && exec "$@"';
    const unshare = ["unshare", "-mpfCuin", "--kill-child", "sh", "-c", BOOT, "sh", DEB];
    const child = new Deno.Command("sh", {
      args: ["-c", enter, "sh", group, ...unshare],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const machine = new Machine(child, group);
    let state = "";
    try {
      await eventually(
        async () => {
          state = await machine.ask("systemctl is-system-running").catch(() => "");
          return /running|degraded/.test(state);
        },
        "systemd runs",
        30_000,
      );
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw new Error(`Did not boot: ${machine.#said.text}`, { cause: error });
    }
    return machine;
  }

  /** Runs a script there, and returns what it prints. */
  async ask(script: string): Promise<string> {
    const first = children(this.#child.pid)[0] ?? 0;
    const place = [
      "-t",
      `${first}`,
      "-m",
      "-p",
      "-u",
      "-i",
      "-n",
      "-C",
      `--wd=/proc/${first}/root`,
    ];
    const { text } = await succeed(["nsenter", ...place, "sh", "-c", `{ ${script}; } || true`]);
    return text.trim();
  }

  /** A property of a unit. */
  property(unit: string, name: string): Promise<string> {
    return this.ask(`systemctl show -p ${name} --value ${unit}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.#said.ended;
    const sweep = `find "$1" -depth -type d -exec rmdir {} +`;
    const swept = (): Promise<boolean> =>
      succeed(["sh", "-c", sweep, "sh", this.#group]).then(() => true, () => false);
    await eventually(swept, "the groups of the machine are gone");
  }
}
