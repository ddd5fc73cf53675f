/** An echo server in a process of its own: prints its port of 127.0.0.1, and serves until it is killed. */
import { writeText } from "../../../lib/system/lines.ts";

using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
await writeText(Deno.stdout, `${listener.addr.port}\n`);
for (;;) {
  const connection = await listener.accept();
  // A client that goes is no reason to stop.
  connection.readable.pipeTo(connection.writable).catch(() => {});
}
