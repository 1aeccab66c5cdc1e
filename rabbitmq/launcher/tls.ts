import type { Ports } from './ports.js';

/** Names of PEM files for the TLS listeners of a node. RabbitMQ reads them itself. */
export interface NodeTls {
  cert: string;
  key: string;
  /** Clients must show a certificate that this authority signed. Default: they need none. */
  clientCa?: string;
}

/** Lines of rabbitmq.conf: the AMQP listener and what is common to both. */
export function tlsLines({ cert, key, clientCa }: NodeTls, ports: Ports): string[] {
  return [
    `listeners.ssl.local = 127.0.0.1:${ports.amqpTls}`,
    `ssl_options.certfile = ${cert}`,
    `ssl_options.keyfile = ${key}`,
    ...(clientCa === undefined
      ? ['ssl_options.verify = verify_none']
      : [
          `ssl_options.cacertfile = ${clientCa}`,
          'ssl_options.verify = verify_peer',
          'ssl_options.fail_if_no_peer_cert = true',
        ]),
  ];
}

/** The whole advanced.config: the Web-STOMP listener. RabbitMQ 3.10 has no `web_stomp.ssl.verify` in rabbitmq.conf. */
export function tlsTerms({ cert, key, clientCa }: NodeTls, ports: Ports): string {
  const options = [
    '{ip, "127.0.0.1"}',
    `{port, ${ports.webStompTls}}`,
    `{certfile, "${cert}"}`,
    `{keyfile, "${key}"}`,
    ...(clientCa === undefined
      ? []
      : [`{cacertfile, "${clientCa}"}`, '{verify, verify_peer}', '{fail_if_no_peer_cert, true}']),
  ];
  return `[{rabbitmq_web_stomp, [{ssl_config, [${options.join(', ')}]}]}].\n`;
}
