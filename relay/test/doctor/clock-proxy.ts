import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands in front of a management whose clock goes wrong. */
export class ClockProxy {
  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  /** @param ahead milliseconds */
  static async open(url: string, ahead: number): Promise<ClockProxy> {
    const target = new URL(url);
    const server = createServer((asked, answer) => {
      const { method, url: path, headers } = asked;
      const passed = request({ host: target.hostname, port: target.port, method, path, headers }, (given) => {
        const date = new Date(Date.now() + ahead).toUTCString();
        answer.writeHead(given.statusCode ?? 502, { ...given.headers, date });
        given.pipe(answer);
      });
      asked.pipe(passed);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ClockProxy(server, target);
  }

  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
