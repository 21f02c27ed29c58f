import type { Duplex } from "node:stream";
import ssh2, { type ConnectConfig } from "ssh2";

const { Client } = ssh2;

/**
 * An SSH client that takes a limited number of bytes, and can always be ended. It keeps its socket itself: ssh2
 * leaves a socket that it has ended open until the other side closes it too, and a hostile server never does.
 */
export class SshClient extends Client {
  private socket: Duplex | undefined;

  /**
   * Connects over this socket. After an error the client ends.
   *
   * @param most how many bytes the other side may send. It matters before any command runs, too: ssh2 takes up to
   * half a second for each 32 KiB of further host keys that a server sends, and keeps them all
   */
  start(socket: Duplex, most: number, config: ConnectConfig): void {
    this.socket = socket;
    this.on("error", () => this.destroy());
    this.connect({ ...config, sock: socket });
    // without this, the request after the key exchange waits 40 ms for an acknowledgement
    this.setNoDelay(true);
    let received = 0;
    socket.on("data", (data: Buffer) => {
      const before = received;
      received += data.length;
      if (before <= most && received > most) {
        const said = `sent more than the ${most} bytes that are allowed`;
        this.emit("error", new Error(said));
      }
    });
  }

  override destroy(): this {
    this.socket?.destroy();
    return this;
  }
}
