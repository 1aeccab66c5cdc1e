import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Certificate {
  /** PEM */
  readonly cert: string;
  /** PEM, PKCS #8 */
  readonly key: string;
}

export interface Issuing {
  /** Host names it is good for. */
  names?: readonly string[];
  /** IP addresses it is good for. */
  addresses?: readonly string[];
  notAfter?: Date;
}

const CURVE = { keyType: 'ec', algorithm: 'sha256' } as const;
const YESTERDAY = new Date(Date.now() - 86_400_000);

/** A certificate authority of a test's own, and a folder for its files that ends with it. */
export class Authority {
  readonly folder = mkdtempSync(join(tmpdir(), 'relay-test-pki-'));

  private constructor(private readonly own: Certificate) {}

  static async found(name = 'an authority of a test'): Promise<Authority> {
    const made = await generate([{ name: 'commonName', value: name }], {
      ...CURVE,
      notBeforeDate: YESTERDAY,
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    });
    return new Authority({ cert: made.cert, key: made.private });
  }

  /** Its own certificate, PEM. */
  get cert(): string {
    return this.own.cert;
  }

  /** A certificate for servers and clients. */
  async issue(
    commonName: string,
    { names = [], addresses = [], notAfter }: Issuing = {},
  ): Promise<Certificate> {
    const altNames = [
      ...names.map((value) => ({ type: 2 as const, value })),
      ...addresses.map((ip) => ({ type: 7 as const, ip })),
    ];
    const made = await generate([{ name: 'commonName', value: commonName }], {
      ...CURVE,
      ca: this.own,
      notBeforeDate: new Date(YESTERDAY.getTime() - 86_400_000),
      ...(notAfter ? { notAfterDate: notAfter } : {}),
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        ...(altNames.length > 0 ? [{ name: 'subjectAltName' as const, altNames }] : []),
      ],
    });
    return { cert: made.cert, key: made.private };
  }

  /** Writes a file into its folder. Returns the path. */
  write(name: string, content: string): string {
    const file = join(this.folder, name);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
