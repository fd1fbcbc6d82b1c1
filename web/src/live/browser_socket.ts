/** The browser's WebSocket as `Connection` wants it. */

import type { Socket, SocketListener } from "./connection";

/** Open the bridge's WebSocket beside the page, behind a proxy's prefix too. */
export function openSocket(listener: SocketListener): Socket {
  const url = new URL("ws", document.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data === "string") listener.message(data);
  };
  socket.onclose = ({ code }) => listener.closed(code);
  return {
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
}
