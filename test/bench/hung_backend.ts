/**
 * A web server of one word, to be stopped with SIGSTOP: a process of its own.
 *
 * @module
 */
const ANSWER = new TextEncoder().encode(
  "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n",
);

async function answer(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(4096);
  try {
    if (await connection.read(buffer) === null) return;
    await connection.write(ANSWER);
    await connection.closeWrite();
    while (await connection.read(buffer) !== null);
  } catch {
    // The client has gone.
  } finally {
    connection.close();
  }
}

const listener = Deno.listen({
  hostname: "127.0.0.1",
  port: Number(Deno.args[0]),
  tcpBacklog: 4096,
});
for (;;) answer(await listener.accept());
