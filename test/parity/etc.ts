/**
 * A private /etc: the machine's, with the hosts, services and resolver that the
 * transcripts were recorded with.
 *
 * @module
 */

const HOSTS = `127.0.0.1 localhost
::1 ip6-localhost ip6-loopback
127.0.0.11 hosta
127.0.0.12 hostb
127.0.0.13 hostc
127.0.0.21 multi
127.0.0.22 multi
`;
/** Nobody answers there: names that are not in the hosts file cannot be resolved. */
const RESOLVER = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";
/** Services that the transcripts name, as a Debian /etc/services has them. */
const SERVICES = [
  "telnet 23/tcp",
  "smtp 25/tcp mail",
  "tftp 69/udp",
  "http 80/tcp www",
  "pop3 110/tcp pop-3",
  "imap2 143/tcp imap",
  "https 443/tcp",
  "kamanda 10081/tcp",
  "binkp 24554/tcp",
];
const SWITCH = `passwd: files
group: files
shadow: files
hosts: files dns
services: files
protocols: files
networks: files
`;

/** Makes the folder. */
export function makeEtc(dir: string): void {
  const { code, stderr } = new Deno.Command("cp", { args: ["-a", "/etc", dir] }).outputSync();
  if (code !== 0) throw new Error(`Cannot copy /etc: ${new TextDecoder().decode(stderr)}`);
  replace(`${dir}/hosts`, HOSTS);
  replace(`${dir}/resolv.conf`, RESOLVER);
  replace(`${dir}/nsswitch.conf`, SWITCH);
  replace(`${dir}/services`, withServices(read(`${dir}/services`)));
}

function withServices(text: string): string {
  const words = text.split("\n").map((line) => line.replace(/#.*/, "").trim().split(/\s+/));
  const missing = SERVICES.filter((service) => {
    const [name = "", port = ""] = service.split(" ");
    return !words.some((line) => line[1] === port && (line[0] === name || line.includes(name)));
  });
  return `${text.replace(/\n?$/, "\n")}${missing.map((line) => `${line}\n`).join("")}`;
}

/** Writes a file that may have been a link to somewhere else. */
function replace(path: string, text: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // There was none.
  }
  Deno.writeTextFileSync(path, text, { mode: 0o644 });
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
