/**
 * Everything that a narrowed program must not be able to do, tried for real.
 *
 * @module
 */

/** What came of each attempt: `refused`, or what went wrong with the refusal. */
export type Attempts = Record<string, string>;

/**
 * Tries each thing once.
 *
 * @param dir A folder that may, or may not, be read and written.
 */
export function attempts(dir: string): Attempts {
  const results: Attempts = {};
  for (const [name, attempt] of Object.entries(trials(dir))) results[name] = outcome(attempt);
  return results;
}

function trials(dir: string): Record<string, () => unknown> {
  return {
    "run a program": () => new Deno.Command("/bin/true").outputSync(),
    "run itself": () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync(),
    "read /etc/passwd": () => Deno.readTextFileSync("/etc/passwd"),
    "list /": () => [...Deno.readDirSync("/")],
    "read /proc/self/environ": () => Deno.readFileSync("/proc/self/environ"),
    "write /tmp": () => Deno.writeTextFileSync("/tmp/balance-hard-attempt", ""),
    "link out of the run dir": () => Deno.symlinkSync("/etc/passwd", `${dir}/way-out`),
    "change the umask's owner": () => Deno.chownSync("/tmp", 0, 0),
    "env PATH": () => Deno.env.get("PATH"),
    "env TMPDIR": () => Deno.env.get("TMPDIR"),
    "all of env": () => Deno.env.toObject(),
    "sys uid": () => Deno.uid(),
    "sys hostname": () => Deno.hostname(),
    "load a library": () => Deno.dlopen("libc.so.6", {}),
    "read the own folder": () => [...Deno.readDirSync(dir)],
    "write in the own folder": () => Deno.writeTextFileSync(`${dir}/own`, "x"),
    "remove in the own folder": () => Deno.removeSync(`${dir}/own`),
  };
}

function outcome(attempt: () => unknown): string {
  try {
    attempt();
    return "done";
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? "refused" : `failed: ${error}`;
  }
}

/** What is left to a narrowed program; everything else must be refused. */
export const LEFT = [
  "read the own folder",
  "write in the own folder",
  "remove in the own folder",
];
