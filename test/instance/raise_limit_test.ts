import { RAISE_LIMIT } from "../../lib/instance/background.ts";
import { assertEquals } from "../kit/assert.ts";

/** A shell's `ulimit` on a system that refuses soft limits above `most`, and `unlimited` altogether. */
function system(hard: string, soft: string, most: number): string {
  return `now=${soft}
ulimit() {
  case "$*" in
    '-S -n') echo "$now" ;;
    '-H -n') echo '${hard}' ;;
    *) [ "$3" != unlimited ] && [ "$3" -le ${most} ] || { echo refused >&2; return 1; }; now=$3 ;;
  esac
}`;
}

const CASES: readonly [what: string, ...Parameters<typeof system>, now: string][] = [
  ["the hard limit, where it is a number", "524288", "1024", 524288, "524288"],
  ["a hard limit below all usual numbers", "4096", "1024", 4096, "4096"],
  [
    "the highest number that the system takes, without a hard limit",
    "unlimited",
    "256",
    61440,
    "49152",
  ],
  ["a low number that the system takes, without a hard limit", "unlimited", "256", 10240, "10240"],
  ["the present one, when the system takes none", "unlimited", "256", 256, "256"],
  ["the present one, when it is the hard one", "1024", "1024", 524288, "1024"],
  [
    "the present one, when it is higher than all that can be had",
    "unlimited",
    "200000",
    61440,
    "200000",
  ],
  ["the present one, when it is unlimited", "unlimited", "unlimited", 61440, "unlimited"],
];

for (const [what, hard, soft, most, now] of CASES) {
  Deno.test(`an instance in the background takes as its limit of open files ${what}`, async () => {
    const script = `${system(hard, soft, most)}\n${RAISE_LIMIT}; echo "$now"`;
    const command = new Deno.Command("/bin/sh", { args: ["-c", script] });
    const { stdout, stderr } = await command.output();
    assertEquals(new TextDecoder().decode(stdout), `${now}\n`);
    assertEquals(new TextDecoder().decode(stderr), "");
  });
}
