import { whyNotTrusted, writableFor } from "../../../lib/core/control/trust.ts";
import { assertEquals } from "../../kit/assert.ts";

const ROOT = 0;
const ME = 1000;
const STRANGER = 1001;

const CASES: readonly [
  what: string,
  folder: { uid: number; mode: number },
  user: { uid: number; named: boolean },
  why: string | undefined,
][] = [
  ["one's own, private", { uid: ME, mode: 0o700 }, { uid: ME, named: false }, undefined],
  ["one's own, readable", { uid: ME, mode: 0o755 }, { uid: ME, named: true }, undefined],
  ["root's, as the classic's", { uid: ROOT, mode: 0o1777 }, { uid: ME, named: false }, undefined],
  ["root's, sticky for a group", { uid: ROOT, mode: 0o1775 }, { uid: ME, named: true }, undefined],
  [
    "root's, writable without sticky",
    { uid: ROOT, mode: 0o777 },
    { uid: ME, named: true },
    "others can write to it and it is not sticky (mode 0777)",
  ],
  [
    "one's own, writable for the group",
    { uid: ME, mode: 0o770 },
    { uid: ME, named: true },
    "others can write to it and it is not sticky (mode 0770)",
  ],
  [
    "one's own, writable for everybody",
    { uid: ME, mode: 0o2702 },
    { uid: ME, named: true },
    "others can write to it and it is not sticky (mode 2702)",
  ],
  [
    "a stranger's, though private",
    { uid: STRANGER, mode: 0o755 },
    { uid: ME, named: true },
    "it belongs to another user (uid 1001)",
  ],
  [
    "a stranger's, though sticky",
    { uid: STRANGER, mode: 0o1777 },
    { uid: ME, named: false },
    "it belongs to another user (uid 1001)",
  ],
  ["a user's that root names", { uid: ME, mode: 0o700 }, { uid: ROOT, named: true }, undefined],
  [
    "a user's that root comes upon",
    { uid: ME, mode: 0o700 },
    { uid: ROOT, named: false },
    "it belongs to another user (uid 1000)",
  ],
  [
    "a user's that root names, writable without sticky",
    { uid: ME, mode: 0o777 },
    { uid: ROOT, named: true },
    "others can write to it and it is not sticky (mode 0777)",
  ],
];

for (const [what, folder, user, why] of CASES) {
  Deno.test(`a folder that is ${what} is ${why === undefined ? "trusted" : "not trusted"}`, () => {
    // The type bits of a directory stand in front, as the system gives them.
    const info = { isDirectory: true, uid: folder.uid, mode: 0o040000 | folder.mode };
    assertEquals(whyNotTrusted(info, user), why);
  });
}

Deno.test("what is no directory is not trusted, whoever has it", () => {
  const link = { isDirectory: false, uid: ME, mode: 0o120777 };
  assertEquals(whyNotTrusted(link, { uid: ME, named: true }), "it is not a directory");
});

Deno.test("a folder is writable for everybody, for its owner, or for root", () => {
  const folder = (mode: number): Parameters<typeof writableFor>[0] => ({
    isDirectory: true,
    uid: ME,
    mode,
  });
  const cases: readonly [mode: number, uid: number, writable: boolean][] = [
    [0o1777, STRANGER, true],
    [0o755, STRANGER, false],
    [0o755, ME, true],
    [0o555, ME, false],
    [0o555, ROOT, true],
  ];
  for (const [mode, uid, writable] of cases) {
    assertEquals([mode, uid, writableFor(folder(mode), uid)], [mode, uid, writable]);
  }
});
