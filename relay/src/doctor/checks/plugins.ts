import type { Check } from '../check.js';
import { found, type Told, unchecked } from '../finding.js';
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
export function judgePlugins(nodes: readonly BrokerNode[]): Told[] {
  return nodes
    .filter(({ running }) => running)
    .flatMap(({ name, applications, enabled_plugins: enabled }): Told[] => {
      if (!applications && !enabled) {
        return [
          unchecked(`plugins of ${name}`, 'it has just started, and tells the management in some seconds'),
        ];
      }
      const running = (applications ?? []).map((application) => application.name);
      const has = new Set([...(enabled ?? []), ...running]);
      return WANTED.filter(([plugin]) => !has.has(plugin)).map(([plugin, code]) =>
        found(
          code,
          `${plugin} is not enabled on ${name}`,
          command('rabbitmq-plugins', '-n', name, 'enable', plugin),
        ),
      );
    });
}
