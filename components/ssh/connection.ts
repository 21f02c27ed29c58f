import type { Duplex } from "node:stream";
import { Client, type ConnectConfig } from "ssh2";

/**
 * An SSH client that can always be ended. Its socket is ours: ssh2 itself leaves a socket that it has ended open
 * until the other side closes it too, and a hostile server never does.
 */
export class Connection extends Client {
  private socket: Duplex | undefined;

  /** Begins a connection on this socket. After an error it is of no use, and ends. */
  begin(socket: Duplex, config: ConnectConfig): void {
    this.socket = socket;
    this.on("error", () => this.destroy());
    this.connect({ ...config, sock: socket });
    // else the request that follows the end of the key exchange waits for its acknowledgement, 40 ms
    this.setNoDelay(true);
  }

  override destroy(): this {
    this.socket?.destroy();
    return this;
  }
}
