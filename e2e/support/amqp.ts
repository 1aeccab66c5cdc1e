import amqp, { type Options } from 'amqplib';

/** Publishes one message over AMQP as a back-end service does, and waits for the broker's confirmation. */
export async function publish(
  amqpUrl: string,
  exchange: string,
  key: string,
  body: Buffer | string,
  options: Options.Publish = {},
): Promise<void> {
  await publishAll(amqpUrl, [{ exchange, key, body: Buffer.from(body) }], options);
}

export interface Publication {
  exchange: string;
  key: string;
  body: Buffer;
}

/** Publishes messages in this order on one channel, and waits until the broker has confirmed all. */
export async function publishAll(
  amqpUrl: string,
  publications: readonly Publication[],
  options: Options.Publish = {},
): Promise<void> {
  const connection = await amqp.connect(amqpUrl);
  try {
    const channel = await connection.createConfirmChannel();
    for (const { exchange, key, body } of publications) channel.publish(exchange, key, body, options);
    await channel.waitForConfirms();
  } finally {
    await connection.close();
  }
}
