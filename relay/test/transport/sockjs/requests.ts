import { randomBytes } from 'node:crypto';
import { request } from 'node:http';

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Ends the request as soon as the answer's head has come. */
  headOnly?: boolean;
}

export interface Answered {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
}

/** One request on a connection of its own, with any header: `fetch` sets Origin and its like itself. */
export function ask(
  url: string,
  { method = 'GET', headers = {}, body, headOnly }: Asked = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      const done = () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', done);
      response.on('error', () => {});
      if (!headOnly) return;
      done();
      sent.destroy();
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The address of a session that nobody has opened. */
export function newSession(sockjsUrl: string): string {
  return `${sockjsUrl}/000/${randomBytes(8).toString('hex')}`;
}

export const connectFrame = (token?: string): string =>
  `CONNECT\naccept-version:1.2\nhost:/\n${token === undefined ? '' : `Authorization:Bearer ${token}\n`}\n\0`;
