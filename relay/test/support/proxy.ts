import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands between the relay and one port of the broker and is the bad network: it cuts connections, refuses new
 * ones, and cuts at a chosen moment.
 */
export class CuttingProxy {
  /** Connections that were passed on so far, those that are gone included. */
  passed = 0;
  /** Connections that were turned away while `refusing`. */
  refused = 0;
  private refusing = false;
  private trigger: ((fromClient: Buffer) => boolean) | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly mute = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {
    server.on('connection', (near) => this.accept(near));
  }

  /** @param url Where the broker is, with credentials and path; `url` of the proxy is the same by way of it. */
  static async open(url: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(createServer(), new URL(url));
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** Whether nothing is connected. */
  get isIdle(): boolean {
    return this.sockets.size === 0;
  }

  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  /** Ends every connection at once, without a farewell. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Ends every connection and lets none through until `restore`. */
  fail(): void {
    this.refusing = true;
    this.cut();
  }

  /** Lets no new connection through until `restore`; those that are there stay. */
  refuse(): void {
    this.refusing = true;
  }

  restore(): void {
    this.refusing = false;
  }

  /** Passes nothing of the broker's on to those who are connected now. */
  silence(): void {
    for (const socket of this.sockets) this.mute.add(socket);
  }

  /** Cuts, once, instead of passing on the first bytes of the client that fit. */
  cutBefore(fits: (fromClient: Buffer) => boolean): void {
    this.trigger = fits;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(near: Socket): void {
    if (this.refusing) {
      this.refused++;
      near.destroy();
      return;
    }
    this.passed++;
    const far = connect(Number(this.target.port), this.target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    near.on('data', (bytes) => {
      if (this.trigger?.(bytes)) {
        this.trigger = undefined;
        this.cut();
      } else far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (!this.mute.has(near)) near.write(bytes);
    });
  }
}
