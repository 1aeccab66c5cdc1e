/** What the global setup started, for the tests. */
export interface Environment {
  /** `http://127.0.0.1:…` of two relay processes on one broker. */
  relayUrls: [string, string];
  /** AMQP URL with the credentials of a broker user that may do everything. */
  amqpUrl: string;
  /** The settings that a further relay process on the same broker needs. */
  relaySettings: Record<string, string>;
}

const VARIABLE = 'RELAY_E2E_ENVIRONMENT';

/** Called by the global setup. Playwright's workers inherit the variables of the process that it runs in. */
export function publishEnvironment(environment: Environment): void {
  process.env[VARIABLE] = JSON.stringify(environment);
}

/** Called by the tests. */
export function environment(): Environment {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error('The global setup has not run: use e2e/playwright.config.ts.');
  return JSON.parse(text) as Environment;
}
