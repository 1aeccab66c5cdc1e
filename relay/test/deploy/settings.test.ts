import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readConfig, SETTINGS } from '../../src/config.js';
import { loadPolicy } from '../../src/policy/load.js';
import { filesBelow, read, readEnv, readYaml } from './project.js';

const COMPOSE = ['docker-compose.yml', 'docker-compose.cluster.yml'];
const VARIABLE = /\b(?:RELAY|RABBITMQ)_[A-Z_]*[A-Z]\b/g;

/** What compose reads of `.env` and no relay does; commented out or not, that file explains it. */
const composeOnly = [...read('.env.example').matchAll(/^#?([A-Z_]+)=/gm)].map(([, name = '']) => name);

const known = new Set([...SETTINGS, ...composeOnly]);

describe('what is there to deploy with', () => {
  it.each([...COMPOSE, 'Dockerfile', 'docs/deploy.md', ...filesBelow('deploy')])(
    '%s names settings that exist',
    (path) => {
      const named = new Set(read(path).match(VARIABLE));
      expect([...named].filter((name) => !known.has(name))).toEqual([]);
    },
  );

  it.each(COMPOSE)('%s asks for nothing that .env.example does not explain', (path) => {
    const asked = [...read(path).matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name);
    expect(asked).toContain('RELAY_BROKER_PASSWORD');
    expect(asked.filter((name) => !composeOnly.includes(name))).toEqual([]);
  });

  it.each([
    ['systemd', readEnv('deploy/systemd/stomp-relay.env')],
    [
      'Kubernetes',
      {
        ...readEnv('deploy/kubernetes/settings.env'),
        ...(readYaml('deploy/kubernetes/secret.example.yaml') as { stringData: Record<string, string> })
          .stringData,
      },
    ],
  ])('has an example for %s that a relay takes', (_name, env) => {
    expect(Object.keys(env).length).toBeGreaterThan(5);
    expect(() => readConfig(env)).not.toThrow();
  });

  it('has an access file for Kubernetes that a relay takes', () => {
    const file = 'deploy/kubernetes/access.yaml';
    expect(() => loadPolicy(read(file), file)).not.toThrow();
  });

  it('gives a broker of a cluster the users of a single one', () => {
    const shape = z.object({ vhosts: z.unknown(), users: z.unknown(), permissions: z.unknown() });
    const [single, cluster] = ['rabbitmq/definitions.json', 'deploy/cluster/definitions.json'].map((path) =>
      JSON.parse(read(path)),
    );
    expect(cluster).toEqual(shape.parse(single));
  });
});

describe('the time to stop', () => {
  const relays = z
    .object({ services: z.looseObject({ 'relay-1': z.object({ stop_grace_period: z.string() }) }) })
    .parse(readYaml('docker-compose.yml'));
  const container = z.object({
    lifecycle: z.object({ preStop: z.object({ exec: z.object({ command: z.array(z.string()) }) }) }),
  });
  const pod = z
    .object({
      spec: z.object({
        template: z.object({
          spec: z.object({ terminationGracePeriodSeconds: z.number(), containers: z.tuple([container]) }),
        }),
      }),
    })
    .parse(readYaml('deploy/kubernetes/deployment.yaml')).spec.template.spec;
  const [, before = '0'] = pod.containers[0].lifecycle.preStop.exec.command;
  const unit = read('deploy/systemd/stomp-relay.service');

  it.each([
    ['compose', Number.parseInt(relays.services['relay-1'].stop_grace_period, 10)],
    ['Kubernetes', pod.terminationGracePeriodSeconds - Number(before)],
    ['systemd', Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)?.[1])],
  ])('with %s is enough to drain and to leave', (_name, seconds) => {
    const { env } = readConfig({ RELAY_JWT_SECRET: 'a-secret-that-is-long-enough-for-HS256!' });
    // Leaving takes 5 s at most, and workers have 10 s more.
    expect(seconds * 1000).toBeGreaterThan(env.RELAY_DRAIN_TIME + 15_000);
  });
});
