/**
 * The documents that Debian wants in a package.
 *
 * @module
 */
import { compressed, MAINTAINER, type PackageFile, source, VERSION } from "./package_files.ts";

const FOLDER = "/usr/share/doc/balance";

/** Licence, changelog and what lintian is told. */
export async function debianDocuments(time: number): Promise<PackageFile[]> {
  const text = (words: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(words);
  const licence = new TextDecoder().decode(await source("LICENSE"));
  return [
    { path: `${FOLDER}/copyright`, bytes: text(copyright(licence)) },
    { path: `${FOLDER}/changelog.gz`, bytes: compressed(text(changelog(time))) },
    { path: `${FOLDER}/NEWS.gz`, bytes: compressed(await source("CHANGELOG.md")) },
    {
      path: "/usr/share/lintian/overrides/balance",
      bytes: await source(".ci/packaging/lintian-overrides"),
    },
  ];
}

/** In the machine-readable form of Debian. */
function copyright(licence: string): string {
  const [, holder = ""] = /^Copyright \(c\) (.*)$/m.exec(licence) ?? [];
  const [, terms = ""] = /^(?:.*\n){3}\n([^]*)$/.exec(licence) ?? [];
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: balance

Files: *
Copyright: ${holder}
License: Expat

License: Expat
${indented(terms)}
Comment: The binary holds the Deno runtime (MIT) and packages of npm (MIT);
 the bill of materials of the release names all of them.
`;
}

function indented(text: string): string {
  return text.trim().split("\n").map((line) => line === "" ? " ." : ` ${line}`).join("\n");
}

/** The one entry that Debian's form needs; what changed is in the other file. */
function changelog(time: number): string {
  const [day = "", date = "", month = "", year = "", clock = ""] = new Date(time * 1000)
    .toUTCString().split(" ");
  return `balance (${VERSION}) stable; urgency=medium

  * Version ${VERSION}. NEWS.gz says what changed.

 -- ${MAINTAINER}  ${day} ${date} ${month} ${year} ${clock} +0000
`;
}
