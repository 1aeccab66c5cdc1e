import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeEnvironment, nodePaths, renderDefinitions } from '../launcher/files.js';
import { configFolder } from '../launcher/locate.js';

const passwords = { brokerPassword: 'broker-secret', clientPassword: 'client-secret' };
const ports = {
  amqp: 1,
  amqpTls: 2,
  webStomp: 3,
  webStompTls: 4,
  management: 5,
  prometheus: 6,
  distribution: 7,
  epmd: 8,
};
const identity = { nodeName: 'relay-x@localhost', cookie: 'c', ...passwords };

describe('renderDefinitions', () => {
  const template = readFileSync(`${configFolder()}/definitions.json`, 'utf8');

  it('gives each user of the shipped file its password', () => {
    const { users } = JSON.parse(renderDefinitions(template, passwords)) as {
      users: { name: string; password: string }[];
    };
    expect(users.map(({ name, password }) => [name, password])).toEqual([
      ['relay', 'broker-secret'],
      ['relay-client', 'client-secret'],
    ]);
  });

  it('refuses a placeholder that nothing fills', () => {
    expect(() => renderDefinitions('{"x": "${' + 'OTHER}"}', passwords)).toThrow('OTHER');
  });

  it('is given a file that holds no password of its own', () => {
    expect(template.match(/"password(_hash)?": "[^"]*"/g)).toEqual([
      '"password": "${' + 'RELAY_BROKER_PASSWORD}"',
      '"password": "${' + 'RELAY_CLIENT_PASSWORD}"',
    ]);
  });
});

describe('nodeEnvironment', () => {
  it("takes none of the caller's settings of RabbitMQ and Erlang", () => {
    const outer = {
      PATH: '/bin',
      RABBITMQ_CONFIG_FILE: '/etc/rabbitmq/rabbitmq',
      RABBITMQ_BASE: '/var/lib/rabbitmq',
      ERL_FLAGS: '-name other',
      RELAY_JWT_SECRET: 'secret',
    };
    const env = nodeEnvironment(nodePaths('/data'), identity, ports, outer);
    expect(env.PATH).toBe('/bin');
    expect(env.RABBITMQ_CONFIG_FILE).toBe('/data/config/rabbitmq.conf');
    expect(Object.keys(env)).not.toEqual(expect.arrayContaining(['RABBITMQ_BASE']));
    expect(Object.values(env).join('\n')).not.toMatch(/\/etc|\/var|other|secret/);
  });
});
