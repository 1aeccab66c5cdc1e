import type { Check } from '../check.js';
import { type Finding, found } from '../finding.js';
import type { BrokerNode } from '../nodes.js';
import { command } from '../shell.js';

export const plugins: Check = {
  name: 'plugins',
  about: 'the plugins of the broker',
  async *run({ management }) {
    yield* judgePlugins(await management.get<BrokerNode[]>('nodes'));
  },
};

const WANTED = [
  ['rabbitmq_web_stomp', 'DOC_PLUGIN_DISABLED'],
  ['rabbitmq_prometheus', 'DOC_PLUGIN_PROMETHEUS'],
] as const;

/** Whoever answers has the plugin for the management. */
export function judgePlugins(nodes: readonly BrokerNode[]): Finding[] {
  return nodes
    .filter(({ running }) => running)
    .flatMap(({ name, applications = [], enabled_plugins: enabled = [] }) => {
      const has = new Set([...enabled, ...applications.map((application) => application.name)]);
      return WANTED.filter(([plugin]) => !has.has(plugin)).map(([plugin, code]) =>
        found(
          code,
          `${plugin} is not enabled on ${name}`,
          command('rabbitmq-plugins', '-n', name, 'enable', plugin),
        ),
      );
    });
}
