/**
 * Sending to the local syslog daemon.
 *
 * @module
 */

/** The local syslog socket. */
export const SYSLOG_SOCKET = "/dev/log";

const IDENT = "Balance";
/** Facility `daemon`, shifted to its place in the priority. */
const FACILITY = 3 << 3;

/** Writes a message in the form that local syslog daemons read. */
export function formatSyslog(severity: number, time: Date, pid: number, text: string): string {
  const month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")[time.getMonth()];
  const day = String(time.getDate()).padStart(2);
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0")).join(":");
  return `<${FACILITY | severity}>${month} ${day} ${clock} ${IDENT}[${pid}]: ${text}`;
}

/**
 * Opens a way to syslog.
 *
 * @param folder Where the sending socket may be made for a moment; it needs a name to exist.
 * @returns Sends one message; one that cannot be delivered is dropped.
 */
export function openSyslog(folder: string): (severity: number, text: string) => void {
  const path = `${folder}/.log.${Deno.pid}`;
  let socket: Deno.DatagramConn;
  try {
    socket = Deno.listenDatagram({ transport: "unixpacket", path });
    Deno.removeSync(path);
  } catch {
    return () => {};
  }
  const encoder = new TextEncoder();
  let sending = Promise.resolve();
  const to: Deno.Addr = { transport: "unixpacket", path: SYSLOG_SOCKET };
  return (severity, text) => {
    const message = formatSyslog(severity, new Date(), Deno.pid, text);
    // The socket takes one message at a time.
    sending = sending.then(async () => {
      try {
        await socket.send(encoder.encode(message), to);
      } catch {
        // Nobody takes the message.
      }
    });
  };
}
