import { WebSocket } from 'ws';

/** What a Node process says of itself right after a garbage collection. */
export interface Insides {
  /** Bytes of its heap without compiled code, of which there is more the longer it runs, and of buffers outside of it. */
  heapBytes: number;
  externalBytes: number;
  /** What keeps its event loop alive, by kind: sockets, timers, … */
  resources: Record<string, number>;
}

const ANSWER_MS = 20_000;
const LOOK = `JSON.stringify({
  memory: process.memoryUsage(),
  code: require('node:v8').getHeapCodeStatistics(),
  resources: process.getActiveResourcesInfo(),
})`;

/** Where a process that was started with --inspect listens, from what it has printed. */
export function inspectorUrl(output: string): string | undefined {
  return /^Debugger listening on (ws:\/\/127\.0\.0\.1:\S+)$/m.exec(output)?.[1];
}

/** Collects the garbage of a process and looks inside, through its inspector. @throws Error without an answer. */
export async function lookInside(url: string): Promise<Insides> {
  const socket = new WebSocket(url, { handshakeTimeout: ANSWER_MS });
  try {
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    await ask(socket, 1, 'HeapProfiler.collectGarbage', {});
    // With the API of the console comes `require`.
    const question = { expression: LOOK, includeCommandLineAPI: true };
    const { result } = (await ask(socket, 2, 'Runtime.evaluate', question)) as { result: { value: string } };
    const { memory, code, resources } = JSON.parse(result.value) as {
      memory: { heapUsed: number; external: number };
      code: { code_and_metadata_size: number; bytecode_and_metadata_size: number };
      resources: string[];
    };
    const counts: Record<string, number> = {};
    for (const name of resources) counts[name] = (counts[name] ?? 0) + 1;
    const compiled = code.code_and_metadata_size + code.bytecode_and_metadata_size;
    return { heapBytes: memory.heapUsed - compiled, externalBytes: memory.external, resources: counts };
  } finally {
    socket.terminate();
  }
}

function ask(socket: WebSocket, id: number, method: string, params: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the relay did not answer ${method}`)), ANSWER_MS);
    const settle = (action: () => void) => {
      clearTimeout(timer);
      socket.off('message', onMessage);
      action();
    };
    const onMessage = (data: Buffer) => {
      const answer = JSON.parse(data.toString()) as { id?: number; result?: unknown };
      if (answer.id === id) settle(() => resolve(answer.result));
    };
    socket.on('message', onMessage);
    socket.once('close', () => settle(() => reject(new Error('the relay closed its inspector'))));
    socket.send(JSON.stringify({ id, method, params }));
  });
}
