/**
 * The hosts file: names to addresses, before any name server is asked.
 *
 * @module
 */

/**
 * The addresses that the text of `/etc/hosts` gives a name, in the order of the file, each once.
 *
 * Capital letters count as small ones, and a dot at the end of the name does not count.
 */
export function hostsAddresses(text: string, name: string): string[] {
  const wanted = name.toLowerCase().replace(/\.$/, "");
  const found = text.split("\n").flatMap((line) => {
    const [address, ...names] = (line.split("#", 1)[0] ?? "").trim().toLowerCase().split(/\s+/);
    return address !== undefined && names.includes(wanted) ? [address] : [];
  });
  return [...new Set(found)];
}
