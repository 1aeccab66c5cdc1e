import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between the relay and one port of the broker and counts who comes through: every connection, at once. */
export class CountingProxy {
  /** All connections so far, those that are gone included. */
  connections = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {
    server.on('connection', (near) => this.pass(near));
  }

  /** @param url Where the broker is; `url` of the proxy is the same address by way of it. */
  static async open(url: string): Promise<CountingProxy> {
    const proxy = new CountingProxy(createServer(), new URL(url));
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(near: Socket): void {
    this.connections++;
    const far = connect(Number(this.target.port), this.target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }
}
