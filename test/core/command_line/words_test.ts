import { type Random, withSeed } from "../../kit/random.ts";
import { parseWords, quoteForSh } from "../../../lib/core/command_line/words.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { nastyText } from "../../fuzz/target.ts";

/** The words of a text, each as `line:word`. */
function read(text: string): string[] {
  const parsed = parseWords(text);
  assert(parsed.kind === "words", `${parsed.kind === "malformed" ? parsed.reason : ""}: ${text}`);
  return parsed.words.map(({ text, line }) => `${line}:${text}`);
}

const FILES: readonly [name: string, text: string, words: readonly string[]][] = [
  ["nothing", "", []],
  ["blank lines", "\n \t\n", []],
  ["several words on a line", "80 a:1\tb:2\n", ["1:80", "1:a:1", "1:b:2"]],
  ["one word on a line", "80\na:1\n\n b:2", ["1:80", "2:a:1", "4:b:2"]],
  ["a file from Windows", "\ufeff80\r\na:1\r\n", ["1:80", "2:a:1"]],
  ["a CR inside a line as a letter", "a\rb \r", ["1:a\rb", "1:\r"]],
  ["a comment", "# all\n80 # port\n#a\n", ["2:80"]],
  ["a comment at the end of the file", "80 #", ["1:80"]],
  ["# inside a word as a letter", "a#b 'c'#d \\#e", ["1:a#b", "1:c#d", "1:#e"]],
  ["quotes inside a comment", "a # it's \"\\\nb", ["1:a", "2:b"]],
  ["single quotes", "'a b' 'c\\' '\"' ''", ["1:a b", "1:c\\", '1:"', "1:"]],
  ["double quotes", `"a b" "'" "" "\\"\\\\\\$\\\`\\n"`, ["1:a b", "1:'", "1:", '1:"\\$`\\n']],
  ["quotes beside letters", `a'b c'd"e f"`, ["1:ab cde f"]],
  ["a backslash before any letter", "\\a\\ \\'\\\"\\\\", ["1:a '\"\\"]],
  ["a quoted end of line", "'a\nb' c \"d\n\" e", ["1:a\nb", "2:c", "2:d\n", "3:e"]],
  ["a line that goes on", "a\\\nb c \\\n d\\\r\ne", ["1:ab", "2:c", "3:de"]],
  ["a line that goes on inside double quotes", '"a\\\nb" c', ["1:ab", "2:c"]],
  ["a comment behind a line that goes on", "\\\n# a\nb", ["3:b"]],
  ["separators, options and values", "-f ! % --weight=2", ["1:-f", "1:!", "1:%", "1:--weight=2"]],
  ["what a shell would expand as it stands", "$HOME *? ~ `a` {b,c} a=b", [
    ...["1:$HOME", "1:*?", "1:~", "1:`a`", "1:{b,c}", "1:a=b"],
  ]],
  ["@ inside a word, and a quoted one", "a@b '@c' \\@d \"\"@e", ["1:a@b", "1:@c", "1:@d", "1:@e"]],
  ["letters of all kinds", "ä😀\u00a0b\u2028c", ["1:ä😀\u00a0b\u2028c"]],
];

for (const [name, text, words] of FILES) {
  Deno.test(`parseWords() reads ${name}`, () => {
    assertEquals(read(text), words);
  });
}

const NESTED = "a file inside a file is not read; quote a word that begins with @";

const WRONG: readonly [name: string, text: string, line: number, reason: string][] = [
  ["an open single quote", "a\n'b\nc", 2, "a quote ' that is not closed"],
  ["an open double quote", 'a\nb"c\n\\"', 2, 'a quote " that is not closed'],
  ["an open double quote behind a closed one", '"a"\n\'b\' "', 2, 'a quote " that is not closed'],
  ["a backslash at the end", "a\nb\\", 2, "a backslash at the end of the file"],
  ["a file inside a file", "a b\n @c", 2, NESTED],
  ["a lonely @", "@", 1, NESTED],
  ["a file inside a file behind a line that goes on", "\\\n@c", 2, NESTED],
  ["a NUL", "a\nb\0", 2, "a NUL, which no word has"],
];

for (const [name, text, line, reason] of WRONG) {
  Deno.test(`parseWords() refuses ${name} and says on which line`, () => {
    assertEquals(parseWords(text), { kind: "malformed", line, reason });
  });
}

const QUOTED: readonly [words: readonly string[], text: string][] = [
  [[], ""],
  [["80", "a:1:2", "!", "%"], "80 a:1:2 '!' %"],
  [["[::1]:80,weight=2", "unix:/run/x"], "'[::1]:80,weight=2' unix:/run/x"],
  [["--run-dir=/x", "a b", ""], "--run-dir=/x 'a b' ''"],
  [["it's", "'"], "'it'\\''s' ''\\'''"],
  [["=a", "@a", "~a", "#a", "a@b", "a=b"], "'=a' '@a' '~a' '#a' a@b a=b"],
];

for (const [words, text] of QUOTED) {
  Deno.test(`quoteForSh() writes ${JSON.stringify(words)} as ${text}`, () => {
    assertEquals(quoteForSh(words), text);
  });
}

/** Words without NUL, which no program can be given. */
function randomWords(random: Random): string[] {
  return Array.from(
    { length: random.between(0, 6) },
    () => nastyText(random, 6).replaceAll("\0", "#").replace(/^/, random.pick(["", "", "@", "#"])),
  );
}

Deno.test("parseWords() reads what quoteForSh() writes, also on several lines", () =>
  withSeed((random) => {
    for (let round = 0; round < 3000; round++) {
      const words = randomWords(random);
      const text = random.chance(0.5)
        ? quoteForSh(words)
        : words.map((word) => `\t${quoteForSh([word])} # '\n`).join("");
      const parsed = parseWords(text);
      assert(parsed.kind === "words", text);
      assertEquals(parsed.words.map((word) => word.text), words, text);
    }
  }));

/**
 * What `sh` makes of texts: the words of each.
 *
 * @param texts What could stand behind a command, on one line but for lines that go on.
 */
async function askShell(texts: readonly string[]): Promise<string[][]> {
  const script = texts.map((text) => `printf '%s\\0' ${text}\nprintf '\\0'\n`).join("");
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, script);
    const { success, stdout } = await new Deno.Command("sh", { args: [path], env: { LC_ALL: "C" } })
      .output();
    assert(success);
    return new TextDecoder().decode(stdout).split("\0END\0\0").slice(0, -1)
      .map((words) => words.split("\0"));
  } finally {
    await Deno.remove(path);
  }
}

/** Whether a text (perhaps) has an end of line that would end a shell's command. */
function endsCommand(text: string): boolean {
  const bare = text.replace(/'[^']*'|"(?:[^"\\]|\\[^])*"|\\[^]/g, "");
  return bare.includes("\n") || (bare.includes("#") && text.includes("\n"));
}

const PIECES = [
  ...["a", "b", " ", "\t", "'", '"', "\\", "#", "@", "ß", "\\\n", "\\'", '\\"', "\\\\", "' '"],
  ...['"\\$"', '"\\`"', '"\\a"', '"\\\n"', "'\\'", "''", '""', "'\n'"],
];

Deno.test("sh reads the words of a file as parseWords() does, and what quoteForSh() writes", () =>
  withSeed(async (random) => {
    const texts: string[] = [];
    const expected: string[][] = [];
    for (let round = 0; round < 2000; round++) {
      const words = randomWords(random).map((word) => word.toWellFormed());
      const text = random.chance(0.3)
        ? quoteForSh(words)
        : Array.from({ length: random.between(0, 9) }, () => random.pick(PIECES)).join("");
      const parsed = parseWords(text);
      if (parsed.kind === "malformed" || endsCommand(text)) continue;
      // The mark in front keeps printf from being given no words at all; a comment would hide one behind.
      texts.push(`B ${text}\nprintf '%s\\0' END`);
      expected.push(["B", ...parsed.words.map((word) => word.text)]);
    }
    const answers = await askShell(texts);
    assert(texts.length > 500, `${texts.length}`);
    assertEquals(answers.length, texts.length);
    for (const [at, words] of answers.entries()) assertEquals(words, expected[at], texts[at]);
  }));

Deno.test("parseWords() answers any text with words, or one line; and a large file at once", () =>
  withSeed((random) => {
    for (let round = 0; round < 3000; round++) {
      const parsed = parseWords(nastyText(random, 20));
      if (parsed.kind === "malformed") assert(!parsed.reason.includes("\n"));
    }
    const large = `${"'a b'\n".repeat(200_000)}"${"\\\\".repeat(500_000)}"`;
    const parsed = parseWords(large);
    assert(parsed.kind === "words" && parsed.words.at(-1)?.line === 200_001);
  }));
