/** The choice of the engine, and what becomes of the permission to load libraries. */
import { assertEquals, assertThrows } from "../kit/assert.ts";
import { faultyLibc, nativeTest, systemLibc } from "../kit/libc.ts";
import { parseOptions } from "../../lib/core/command_line/options.ts";
import { ExitError } from "../../lib/core/errors.ts";
import { chooseEngine, startNative } from "../../lib/instance/engine_choice.ts";
import { granted } from "../../lib/system/permissions.ts";

function optionsOf(...words: string[]): ReturnType<typeof parseOptions> {
  return parseOptions([...words, "80", "127.0.0.1:80"]);
}

/** Runs something while libraries are looked up otherwise. */
function withDlopen(dlopen: (name: string) => void, body: () => void): void {
  const real = Deno.dlopen;
  Deno.dlopen = ((name: string, symbols: Deno.ForeignLibraryInterface) => {
    dlopen(name);
    return real("libc.so.6", symbols);
  }) as typeof Deno.dlopen;
  try {
    body();
  } finally {
    Deno.dlopen = real;
  }
}

Deno.test("whoever does not ask for the native engine gets no library loaded", () => {
  withDlopen(() => {
    throw new Error("loaded");
  }, () => {
    assertEquals(chooseEngine(optionsOf("-f")), { name: "deno" });
    assertEquals(chooseEngine(optionsOf("-f", "--engine=deno")), { name: "deno" });
  });
});

Deno.test({
  name: "a C library is looked for under each name that one may have",
  ignore: Deno.build.os !== "linux",
  // The runtime cannot tell that what is loaded once stays.
  sanitizeResources: false,
  fn: () => {
    for (const engine of ["native", "auto"]) {
      const names: string[] = [];
      withDlopen((name) => {
        names.push(name);
        if (names.length === 1) throw new Error("not under this name");
      }, () => assertEquals(chooseEngine(optionsOf(`--engine=${engine}`)).name, "native"));
      assertEquals(names, ["libc.so.6", "libc.so"]);
    }
  },
});

Deno.test("the packet dump goes with the portable engine: one line, or silence", () => {
  const notice = "balance: no native engine: the packet dump (-p) goes with the portable one";
  assertEquals(chooseEngine(optionsOf("-fp", "--engine=native")), { name: "deno", notice });
  assertEquals(chooseEngine(optionsOf("-fp", "--engine=auto")), { name: "deno" });
  const error = assertThrows(
    () => chooseEngine(optionsOf("-fp", "--engine=auto", "--user-timeout=5")),
    ExitError,
  );
  assertEquals([error.code, error.message], [
    71,
    "balance: --user-timeout needs the native engine: the packet dump (-p) goes with the portable one",
  ]);
});

nativeTest(
  "threads that the system cannot wake are none, and the permission is given up all the same",
  () => {
    const libc = faultyLibc(systemLibc(), { eventfd: () => -24 });
    const error = assertThrows(() => startNative({ name: "native", libc }, 2, []), ExitError);
    assertEquals([error.code, error.message], [
      71,
      "balance: no native engine: no eventfd: error 24",
    ]);
    assertEquals(granted({ name: "ffi" }), false);
  },
);

Deno.test("the portable engine gives the permission up, too", () => {
  assertEquals(startNative({ name: "deno" }, 2, []), undefined);
  assertEquals(granted({ name: "ffi" }), false);
});
