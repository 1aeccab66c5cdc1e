import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openService } from './service.mjs';
import { runFolder } from './state.mjs';

/** The services of the demo's shop, which come back when they crash. */
export class DemoServices {
  /** @type {import('./service.mjs').RunningService | undefined} */
  #running;
  /** @type {number[]} when they had to be started again, in milliseconds since the epoch */
  #restarts = [];
  #stopped = false;

  /**
   * @param {string} amqpUrl
   * @param {(reason: string) => void} onFailed called when they cannot be kept running
   */
  constructor(amqpUrl, onFailed) {
    this.amqpUrl = amqpUrl;
    this.onFailed = onFailed;
  }

  /**
   * Resolves when they are ready.
   * @throws {import('./steps.mjs').UserError} when they do not start
   */
  async start() {
    const running = await openService('The demo services', 'dist/demo/main.js', {
      AMQP_URL: this.amqpUrl,
      DEMO_DATA: process.env.DEMO_DATA || join(runFolder, 'demo'),
    });
    this.#running = running;
    if (this.#stopped) await running.stop(1000);
    void running.gone.then((how) => this.#onGone(how, running.lastLines()));
  }

  /**
   * @param {number} patience milliseconds
   */
  async stop(patience) {
    this.#stopped = true;
    await this.#running?.stop(patience);
  }

  /**
   * @param {string} how
   * @param {string} lines the last that they printed
   */
  async #onGone(how, lines) {
    if (this.#stopped) return;
    this.#restarts = [...this.#restarts.filter((at) => Date.now() - at < 60_000), Date.now()];
    if (this.#restarts.length > 3) {
      this.onFailed(`The demo services end again and again (${how}). Their last lines:\n${lines}`);
      return;
    }
    console.log(`The demo services have ended (${how}) and are started again.`);
    await delay(1000);
    if (this.#stopped) return;
    try {
      await this.start();
    } catch (error) {
      this.onFailed(error instanceof Error ? error.message : String(error));
    }
  }
}
