/** What the benchmark asks RabbitMQ's management API. */
export class Management {
  private readonly base: string;
  private readonly authorization: string;

  /** `url` carries the credentials. */
  constructor(url: string) {
    const { username, password, origin } = new URL(url);
    this.base = origin;
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  }

  /** Version of the broker, and how many connections and queues it has now. */
  async overview(): Promise<{ version: string; erlang: string; connections: number; queues: number }> {
    const answer = (await this.get('/api/overview')) as {
      rabbitmq_version: string;
      erlang_version: string;
      object_totals: { connections?: number; queues?: number };
    };
    return {
      version: answer.rabbitmq_version,
      erlang: answer.erlang_version,
      connections: answer.object_totals.connections ?? 0,
      queues: answer.object_totals.queues ?? 0,
    };
  }

  /** Bytes that the broker's virtual machine uses, counted when asked. */
  async memory(): Promise<number> {
    const [node] = (await this.get('/api/nodes?columns=name')) as { name: string }[];
    if (!node) throw new Error('the management API names no node');
    const answer = (await this.get(`/api/nodes/${encodeURIComponent(node.name)}/memory`)) as {
      memory: { total: { erlang: number } };
    };
    return answer.memory.total.erlang;
  }

  private async get(path: string): Promise<unknown> {
    const response = await fetch(this.base + path, {
      headers: { authorization: this.authorization },
      signal: AbortSignal.timeout(20_000),
    });
    if (!response.ok) throw new Error(`the management API answered ${response.status} to GET ${path}`);
    return response.json();
  }
}
