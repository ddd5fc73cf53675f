/**
 * A small balancer that is deliberately wrong in known ways, so that the player
 * can be seen to fail: it starts with the second channel, counts nothing, says
 * another release and ends with another exit code for a wrong port.
 *
 * @module
 */

const [first = "", ...rest] = Deno.args;

if (first === "-f") await serve(rest);
else if (first === "-c") end(0, "stdout", "  This is balance 9.99\n");
else end(64, "stderr", "usage: fake\n");

function end(code: number, stream: "stdout" | "stderr", text: string): never {
  Deno[stream].writeSync(new TextEncoder().encode(text));
  Deno.exit(code);
}

async function serve([port = "", ...hosts]: readonly string[]): Promise<void> {
  if (!/^[1-9]\d*$/.test(port)) end(65, "stderr", `invalid port [${port}], exiting.\n`);
  const listener = Deno.listen({ port: Number(port), hostname: "0.0.0.0" });
  for (let turn = 1;; turn++) {
    const client = await listener.accept();
    const [hostname = "", target = ""] = hosts[turn % hosts.length]?.split(":") ?? [];
    forward(client, hostname, Number(target)).catch(() => client.close());
  }
}

async function forward(client: Deno.TcpConn, hostname: string, port: number): Promise<void> {
  const server = await Deno.connect({ hostname, port });
  const backward = server.readable.pipeTo(client.writable);
  await Promise.all([backward, client.readable.pipeTo(server.writable).catch(() => {})]);
}
