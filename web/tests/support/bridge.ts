/** The other end of a `Connection`, in memory: the test plays the server. */

import type { Socket, SocketListener, Surroundings } from "../../src/live/connection";
import type { ClientMessage, Hello, ServerMessage } from "../../src/live/protocol";

export class BridgeInMemory implements Surroundings {
  /** Sockets that the page opened, oldest first. */
  readonly opened: SocketInMemory[] = [];

  constructor(private readonly clock: () => number) {}

  open(listener: SocketListener): Socket {
    const socket = new SocketInMemory(listener);
    this.opened.push(socket);
    return socket;
  }

  nowMs(): number {
    return this.clock();
  }

  /** The middle: no jitter. */
  random(): number {
    return 0.5;
  }

  get newest(): SocketInMemory {
    const socket = this.opened.at(-1);
    if (socket === undefined) throw new Error("the page opened no socket");
    return socket;
  }
}

export class SocketInMemory implements Socket {
  readonly received: ClientMessage[] = [];
  closed = false;

  constructor(private readonly listener: SocketListener) {}

  send(text: string): void {
    this.received.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  /** The server says something. */
  says(message: ServerMessage): void {
    this.listener.message(JSON.stringify(message));
  }

  greets(time: string, { protocol = 1, ...rest }: Partial<Hello> = {}): void {
    this.says({
      type: "hello",
      protocol,
      server: "b1",
      version: "0.1.0",
      time,
      heartbeat_s: 5,
      tick_ms: 50,
      ...rest,
    });
  }

  breaks(code = 1006): void {
    this.listener.closed(code);
  }

  /** What was asked of the server with this name, newest last. */
  subscriptions(name: string): ClientMessage[] {
    return this.received.filter((each) => each.type === "subscribe" && each.subscription === name);
  }
}
