/** Bytes of the broker's virtual machine, of which the others are parts. */
interface MemoryParts {
  total: { erlang: number };
  quorum_ets: number;
  binary: number;
}

/** What is asked of RabbitMQ's management API. */
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

  /** How many objects of each kind there are. What it says may be some seconds old. */
  async totals(): Promise<Record<string, number>> {
    const answer = (await this.get('/api/overview')) as { object_totals: Record<string, number> };
    const bindings = (await this.get('/api/bindings?columns=source')) as unknown[];
    return { ...answer.object_totals, bindings: bindings.length };
  }

  /** Bytes that the broker's virtual machine uses, counted when asked. */
  async memory(): Promise<number> {
    return (await this.memoryParts()).total.erlang;
  }

  /** The same without messages and the tables of quorum queues: they hold their log until it is full and is begun anew. */
  async memoryWithoutLogs(): Promise<number> {
    const { total, quorum_ets, binary } = await this.memoryParts();
    return total.erlang - quorum_ets - binary;
  }

  /** All of one kind of things, with these of their fields. What it says may be some seconds old. */
  async list<T>(what: 'connections' | 'queues', columns: readonly string[]): Promise<T[]> {
    return (await this.get(`/api/${what}?columns=${columns.join(',')}`)) as T[];
  }

  /** From now on a copy of all that is published goes to the exchange amq.rabbitmq.trace (Firehose Tracer). */
  async trace(): Promise<void> {
    await this.ask('PUT', '/api/vhosts/%2F', { tracing: true });
  }

  private async memoryParts(): Promise<MemoryParts> {
    const [node] = (await this.get('/api/nodes?columns=name')) as { name: string }[];
    if (!node) throw new Error('the management API names no node');
    const answer = (await this.get(`/api/nodes/${encodeURIComponent(node.name)}/memory`)) as {
      memory: MemoryParts;
    };
    return answer.memory;
  }

  private async get(path: string): Promise<unknown> {
    return (await this.ask('GET', path)).json();
  }

  private async ask(method: 'GET' | 'PUT', path: string, body?: object): Promise<Response> {
    const response = await fetch(this.base + path, {
      method,
      headers: { authorization: this.authorization, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(20_000),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`the management API answered ${response.status} to ${method} ${path}`);
    return response;
  }
}
