/** Completions, in the shells themselves. */
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import type { Instance } from "../kit/instance.ts";
import { type Need, needing, program } from "../kit/needs.ts";
import { freePort } from "../kit/ports.ts";
import { defaultCommand, execute, quoted } from "../kit/programs.ts";
import { startBalance } from "../kit/start.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { plain, Terminal } from "../kit/terminal.ts";

const SCRIPT = program("script");
const TAB = "\t";
const CTRL_A = "\x01";
const CTRL_U = "\x15";

/** A shell that completes, in a terminal of its own. */
interface Shell {
  readonly name: "bash" | "zsh";
  /** What it reads first; `balance` is the program there. */
  readonly setUp: string;
  /** The words that start it with a folder that holds the set-up. */
  readonly words: (folder: string) => readonly string[];
  readonly file: string;
  /** How it lists the channels 0.0 and 0.1 of the instance, for a command that takes one. */
  readonly channels: readonly string[];
}

const SHELLS: readonly Shell[] = [
  {
    name: "bash",
    file: "rc",
    channels: ["disable 0", "disable 1"],
    setUp: `PS1='ready> '
      bind 'set show-all-if-ambiguous on'
      bind 'set bell-style none'
      bind 'set enable-bracketed-paste off'
      source <(balance --completions bash)`,
    words: (folder) => ["bash", "--noprofile", "--rcfile", `${folder}/rc`, "-i"],
  },
  {
    name: "zsh",
    file: ".zshrc",
    channels: ["0  -- 127.0.0.1:1", "1  -- 127.0.0.1:2"],
    // It would take an editor like vi in the environment, which npx puts there, for a wish.
    setUp: `PS1='ready> '
      bindkey -e
      setopt NO_BEEP NO_ALWAYS_LAST_PROMPT NO_AUTO_MENU NO_LIST_AMBIGUOUS
      unset zle_bracketed_paste
      autoload -U compinit && compinit -u -D
      source <(balance --completions zsh)`,
    words: (folder) => ["env", `ZDOTDIR=${folder}`, "zsh", "-d", "-i"],
  },
];

/** A folder in which `balance` is the program under test. */
function programFolder(): TempDir {
  const folder = new TempDir();
  const text = `#!/bin/sh\nexec ${quoted(defaultCommand().words)} "$@"\n`;
  Deno.writeTextFileSync(`${folder.path}/balance`, text, { mode: 0o755 });
  return folder;
}

/** An instance with two groups of channels: 0.0, 0.1 and 1.0. */
function twoGroups(): Promise<Instance> {
  return startBalance(["-f", freePort(), "127.0.0.1:1", "127.0.0.1:2", "!", "127.0.0.1:3"]);
}

/** What is done with a line: the words it has become, or what the screen shows of it. */
type Complete = (line: string) => Promise<string>;

for (const shell of SHELLS) {
  const needs: readonly Need[] = [program(shell.name), SCRIPT];
  const test = (
    name: string,
    body: (words: Complete, list: Complete, balance: Instance) => Promise<void>,
  ): void =>
    Deno.test(needing(needs, `${shell.name}: ${name}`), async () => {
      using folder = programFolder();
      await using balance = await twoGroups();
      const setUp =
        `PATH=${folder.path}:$PATH\nwords() { printf '<%s>' "$@"; echo; }\nstty cols 400\n`;
      await Deno.writeTextFile(`${folder.path}/${shell.file}`, setUp + shell.setUp);
      await using terminal = new Terminal(shell.words(folder.path));
      await terminal.screen.until("ready> ");
      const words = async (line: string): Promise<string> => {
        const from = terminal.screen.text.length;
        await terminal.type(`${line}${TAB}${CTRL_A}words \r`);
        await terminal.screen.until(/<balance>[^\n]*\n/, from);
        return /<balance>.*/.exec(plain(terminal.screen.text.slice(from)))?.[0] ?? "";
      };
      const list = async (line: string): Promise<string> => {
        const from = terminal.screen.text.length;
        await terminal.type(`${line}${TAB}${TAB}# seen`);
        await terminal.screen.until("# seen", from);
        await terminal.type(CTRL_U);
        return plain(terminal.screen.text.slice(from));
      };
      await body(words, list, balance);
    });

  test("an option is completed", async (words) => {
    assertEquals(await words("balance --log-conn"), "<balance><--log-connections>");
    assertEquals(
      await words("balance --workers 2 --comp"),
      "<balance><--workers><2><--completions>",
    );
  });

  test("the words that a value may be are offered", async (words) => {
    assertEquals(await words("balance --log-format j"), "<balance><--log-format><json>");
    assertEquals(await words("balance --log-format=j"), "<balance><--log-format=json>");
    assertEquals(await words("balance --method rr,lea"), "<balance><--method><rr,least>");
  });

  test("behind -c a command is completed, its one possible operand with it", async (words, _, {
    runDir,
    port,
  }) => {
    const control = `balance --run-dir ${runDir} ${port} -c`;
    const wanted = (command: string): string =>
      `<balance><--run-dir><${runDir}><${port}><-c><${command}>`;
    assertEquals(await words(`${control} vers`), wanted("version"));
    assertEquals(await words(`${control} "mrtg-c 1 `), wanted("mrtg-c 1 0"));
    assertEquals(await words(`${control} 'method le`), wanted("method least"));
  });

  test("behind -c the channels of the running instance are offered", async (_, list, {
    runDir,
    port,
  }) => {
    const screen = await list(`balance --run-dir ${runDir} ${port} -c "dis`);
    assertStringIncludes(screen, '"disable ');
    for (const channel of shell.channels) assertStringIncludes(screen, channel);
    assertEquals(screen.includes("127.0.0.1:3"), false);
  });

  test("without a port on the line they are those of the instance that runs", async (_, list, {
    runDir,
  }) => {
    const screen = await list(`balance --run-dir ${runDir} -c "disable `);
    for (const channel of shell.channels) assertStringIncludes(screen, channel);
  });

  test("the port of a running instance is completed", async (words, _, { runDir, port }) => {
    const line = `balance --run-dir ${runDir} -c show `;
    assertEquals(await words(line), `<balance><--run-dir><${runDir}><-c><show><${port}>`);
  });

  test("a file of words is completed", async (words, _, { runDir }) => {
    await Deno.writeTextFile(`${runDir}/web.conf`, "8888 web1:80\n");
    assertEquals(await words(`balance @${runDir}/we`), `<balance><@${runDir}/web.conf>`);
    assertEquals(
      await words(`balance --log-file=${runDir}/we`),
      `<balance><--log-file=${runDir}/web.conf>`,
    );
  });
}

const fish = (name: string, body: (complete: Complete, balance: Instance) => Promise<void>): void =>
  Deno.test(needing(program("fish"), `fish: ${name}`), async () => {
    using folder = programFolder();
    await using balance = await twoGroups();
    const complete = async (line: string): Promise<string> => {
      const script = `set -x PATH ${folder.path} $PATH
        balance --completions fish | source
        complete -C ${quoted([line])}`;
      const { stdout, stderr } = await execute(["fish", "-N", "-c", script], {
        env: { HOME: folder.path },
      });
      assertEquals(stderr, "");
      return new TextDecoder().decode(stdout);
    };
    await body(complete, balance);
  });

fish("an option is completed, with what it does", async (complete) => {
  assertEquals(
    await complete("balance --log-conn"),
    "--log-connections\tone log line for each connection's end\n",
  );
});

fish("the words that a value may be are offered", async (complete) => {
  const first = async (line: string): Promise<string[]> =>
    (await complete(line)).trimEnd().split("\n").map((row) => row.split("\t")[0] ?? "");
  assertEquals(await first("balance --log-format "), ["json", "text"]);
  assertEquals(await first("balance --log-format=j"), ["--log-format=json"]);
  assertEquals(await first("balance --method rr,lea"), ["rr,least"]);
});

fish("behind -c commands and what runs are offered", async (complete, { runDir, port }) => {
  const control = `balance --run-dir ${runDir} ${port} -c`;
  assertStringIncludes(await complete(`${control} vers`), "version\t");
  assertEquals(
    await complete(`${control} "dis`),
    "disable 0\t127.0.0.1:1\ndisable 1\t127.0.0.1:2\n",
  );
  assertEquals(await complete(`${control} 'mrtg-c 1 `), "mrtg-c 1 0\t127.0.0.1:3\n");
  assertStringIncludes(await complete(`${control} 'method le`), "method least\t");
  assertEquals(
    await complete(`balance --run-dir ${runDir} -c "disable `),
    "disable 0\t127.0.0.1:1\ndisable 1\t127.0.0.1:2\n",
  );
});

fish("the port of a running instance and files are completed", async (complete, balance) => {
  const { runDir, port } = balance;
  assertEquals(await complete(`balance --run-dir ${runDir} -c show `), `${port}\n`);
  await Deno.writeTextFile(`${runDir}/web.conf`, "8888 web1:80\n");
  assertEquals(await complete(`balance @${runDir}/we`), `@${runDir}/web.conf\n`);
});
