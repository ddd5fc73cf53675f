// deno-lint-ignore-file no-console -- a tool of the developers, whose console it is
/**
 * Makes the dashboard's one document, `lib/watch/page/bundle.ts`, from its sources beside it.
 *
 *     deno task page
 *
 * The result is kept with the sources, so that the program runs from a fresh clone without this step; a test makes it again
 * and compares.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const root = new URL("..", import.meta.url);
const folder = new URL("lib/watch/page/", root);
/** Where the result lies. */
export const BUNDLE: URL = new URL("bundle.ts", folder);
const STYLE = '<link rel="stylesheet" href="style.css">';
const SCRIPT = '<script type="module" src="main.ts"></script>';

/** The text of the module that has the document. */
export async function makeBundle(): Promise<string> {
  const [html, css, code] = await Promise.all([
    Deno.readTextFile(new URL("index.html", folder)),
    Deno.readTextFile(new URL("style.css", folder)),
    bundleCode(),
  ]);
  const style = squeezeStyle(css);
  const licence = await Deno.readTextFile(new URL("../LICENSE", import.meta.resolve("uplot")));
  const document = fill(squeezeMarkup(html), [
    [STYLE, `<style>${style}</style>`],
    [SCRIPT, `<script type="module">${code}</script>`],
    ["</html>", `</html>\n<!-- Plots by uPlot. ${licence.trim().replace(/\s+/g, " ")} -->\n`],
  ]);
  return `// deno-fmt-ignore-file
/**
 * The dashboard as one document: made by \`deno task page\`, not written.
 *
 * @module
 */

/** The document. */
export const DOCUMENT: string = ${JSON.stringify(document)};

/** Hash of its style, as a Content-Security-Policy names it. */
export const STYLE_HASH = "${await hash(style)}";

/** Hash of its script. */
export const SCRIPT_HASH = "${await hash(code)}";

/** Hash of all of it. */
export const DOCUMENT_HASH = "${await hash(document)}";
`;
}

async function bundleCode(): Promise<string> {
  const main = fileURLToPath(new URL("main.ts", folder));
  const options = ["--quiet", "--lock=deno.lock", "--frozen", "--platform=browser", "--minify"];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...options, main],
    cwd: root,
    env: { DENO_NO_UPDATE_CHECK: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`deno bundle: ${decoder.decode(stderr)}`);
  const code = decoder.decode(stdout).trim();
  if (/<\/script|<!--/i.test(code)) throw new Error("The code would end its own element");
  return code;
}

/** Puts texts in the place of marks; each mark is there. */
function fill(text: string, texts: readonly (readonly [mark: string, text: string])[]): string {
  return texts.reduce((filled, [mark, content]) => {
    if (!filled.includes(mark)) throw new Error(`index.html has no ${mark}`);
    return filled.replace(mark, () => content);
  }, text);
}

function squeezeStyle(css: string): string {
  return css.replace(/\/\*[^]*?\*\//g, "").replace(/\s+/g, " ").replace(/ ?([{};,>]) ?/g, "$1")
    .replaceAll(": ", ":").replaceAll(";}", "}").trim();
}

function squeezeMarkup(html: string): string {
  return html.replace(/\n\s+/g, "\n");
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}

if (import.meta.main) {
  const text = await makeBundle();
  await Deno.writeTextFile(BUNDLE, text);
  console.log(`${fileURLToPath(BUNDLE)}: ${text.length} characters`);
}
