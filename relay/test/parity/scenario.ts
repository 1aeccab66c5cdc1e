import type { Channel, ConsumeMessage } from 'amqplib';
import type { ReceivedFrame, StompClient } from '../support/stomp.js';

/** Where the clients of a run connect: to RabbitMQ's own Web-STOMP or to the relay in front of it. */
export interface Endpoint {
  readonly name: 'native' | 'relay';
  connect(options: ConnectOptions): Promise<StompClient>;
}

export interface ConnectOptions {
  versions?: ('1.0' | '1.1' | '1.2')[];
}

/** Something that a stompjs application does, written once and run against every endpoint. */
export interface Scenario {
  readonly name: string;
  run(context: ScenarioContext): Promise<void>;
}

export interface QueueState {
  messages: number;
  consumers: number;
}

export interface ScenarioContext {
  readonly endpoint: Endpoint['name'];
  /** A name that no other run has. In the transcript the part that differs is replaced. */
  unique(base: string): string;
  /** Opens a stompjs client. What it receives is recorded under `name`. */
  connect(name: string, options?: ConnectOptions): Promise<StompClient>;
  /** A channel straight to the broker, for what the other side of a STOMP application does. */
  readonly amqp: Channel;
  /** Ready messages and consumers of a queue; undefined when there is no such queue. */
  queue(name: string): Promise<QueueState | undefined>;
  /** Waits until the queue has this many ready messages. */
  ready(name: string, messages: number): Promise<void>;
  /** Waits for the next message that AMQP consumers of the queue see, takes it, and puts it down under `label`. */
  take(label: string, queue: string): Promise<ConsumeMessage>;
  /** Puts down something else that both endpoints must agree on. */
  note(label: string, value: unknown): void;
  /**
   * Waits until the client was refused: by an ERROR frame or a close from RabbitMQ, by both from the relay
   * (STOMP 1.2, ERROR).
   */
  refused(client: StompClient): Promise<void>;
}

/** Everything that was observed in one run. */
export interface Transcript {
  /** The part of the unique names that only this run has. */
  run: string;
  clients: Record<string, { version: string; frames: ReceivedFrame[]; refused: boolean }>;
  notes: Record<string, unknown>;
}
