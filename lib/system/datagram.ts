/**
 * Datagrams to Unix sockets.
 *
 * @module
 */

/**
 * Opens a socket that can send to others.
 *
 * @param folder Where it may be made for a moment: it needs a name to exist.
 * @throws What making the socket fails with.
 */
export function openDatagramSocket(folder: string): Deno.DatagramConn {
  const own = `${folder}/.datagram.${Deno.pid}`;
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: own });
  Deno.removeSync(own);
  return socket;
}
