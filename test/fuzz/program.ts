/**
 * The real program with random command lines: one clear complaint, a documented exit code, never a stack trace.
 *
 * @module
 */
import { assert } from "../kit/assert.ts";
import type { Random } from "../kit/random.ts";
import { nastyText, type Target } from "./target.ts";
import { spawn } from "../kit/programs.ts";

const CODES = new Set([0, 64, 65, 66, 69, 71]);
/** Time after which a start counts as one that works, in ms. */
const PATIENCE_MS = 3000;

/** Command lines that do not start anything in the background. */
function randomArgs(random: Random, dir: string): string[] {
  const words = Array.from({ length: random.between(0, 5) }, () =>
    random.pick([
      ...["-c", "show", "-i", "-d", "-p", "-b", "-t", "3", "-T", "0", "--workers", "2", "--drain"],
      ...[
        "0",
        "99999",
        "smtpx",
        "-1",
        "!",
        "%",
        "127.0.0.1",
        "::1",
        "no.such.invalid:1",
        "--",
        "-B",
      ],
      ...["--version", "--help", "--log-file", "/proc/x", "-6", "-x", "--no-such"],
      nastyText(random, 4).replaceAll("\0", "").replaceAll(/[\ud800-\udfff]/g, "x"),
    ]));
  return ["-f", "--run-dir", dir, ...words];
}

/** Every property of the whole program. */
export const targets: readonly Target[] = [
  {
    name: "the program ends with a documented code and a line, whatever it is started with",
    round: async (random): Promise<void> => {
      const dir = await Deno.makeTempDir({ prefix: "balance-fuzz-" });
      const args = randomArgs(random, dir);
      const child = spawn(args);
      await child.stdin.close();
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        child.kill("SIGKILL");
      }, PATIENCE_MS);
      const { code, stdout, stderr } = await child.output();
      clearTimeout(timer);
      await Deno.remove(dir, { recursive: true });
      const out = new TextDecoder().decode(stdout);
      const err = new TextDecoder().decode(stderr);
      const told = `${JSON.stringify(args)} gave ${code}\n${out}${err}`;
      assert(!/^\s+at |Uncaught|panicked/m.test(out + err), `a stack trace: ${told}`);
      assert(late || CODES.has(code), told);
      assert(late || code === 0 || /\n$/.test(out + err), told);
      assert(late || code !== 0 || err === "" || args.includes("-d"), told);
    },
  },
];
