import {
  createTraceState,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { type HeaderList, header } from './stomp/frame.js';
import { isTraceHeader, passedTrace, readTraceparent, TRACEPARENT, TRACESTATE } from './trace-context.js';

/** A span that has begun, and what is passed on in place of the trace headers that came. */
export interface Traced {
  readonly headers: HeaderList;
  /** Once. @param error what became of it, when it did not go well */
  end(error?: string): void;
}

/** Where a message goes or comes from, in the broker's terms. */
export interface TracedMessage {
  /** The exchange. */
  readonly destination: string;
  readonly routingKey: string;
  readonly bytes: number;
}

/** @param target of a SEND on its way to the broker: `/exchange/relay.user/bob.topic.reply`, `/topic/news` … */
export function tracedTarget(target: string, bytes: number): TracedMessage {
  const [, kind = '', first = '', ...rest] = target.split('/');
  if (kind === 'exchange') return { destination: first, routingKey: rest.join('/'), bytes };
  const routingKey = [first, ...rest].join('/');
  // Everything else is a queue, by way of the default exchange.
  return { destination: kind === 'topic' ? 'amq.topic' : '', routingKey, bytes };
}

/** Makes spans of messages (OpenTelemetry's conventions for messaging). */
export class Tracing {
  private constructor(private readonly tracer: Tracer) {}

  /** Undefined when no SDK was registered: then nothing is to be done, and nothing is paid. */
  static find(): Tracing | undefined {
    // Without one the API's provider delegates to nothing. It may be the one of another copy of the API.
    const provider = trace.getTracerProvider() as { getDelegateTracer?(name: string): Tracer | undefined };
    if (provider.getDelegateTracer && !provider.getDelegateTracer('stomp-relay')) return undefined;
    return new Tracing(trace.getTracer('stomp-relay'));
  }

  /** A client publishes: from here to the broker's confirmation. */
  send(headers: HeaderList, message: TracedMessage): Traced {
    return this.begin('relay send', SpanKind.PRODUCER, 'send', headers, message);
  }

  /** A message has come from the broker: from here to the confirmation by a client, or until it was written for all. */
  deliver(headers: HeaderList, message: TracedMessage): Traced {
    return this.begin('relay deliver', SpanKind.CONSUMER, 'process', headers, message);
  }

  private begin(
    name: string,
    kind: SpanKind,
    operation: string,
    headers: HeaderList,
    { destination, routingKey, bytes }: TracedMessage,
  ): Traced {
    const attributes = {
      'messaging.system': 'rabbitmq',
      'messaging.operation.type': operation,
      'messaging.operation.name': operation,
      'messaging.destination.name': destination,
      'messaging.rabbitmq.destination.routing_key': routingKey,
      'messaging.message.body.size': bytes,
    };
    const id = header(headers, 'amqp-message-id');
    const span = this.tracer.startSpan(
      name,
      { kind, attributes: id === undefined ? attributes : { ...attributes, 'messaging.message.id': id } },
      parentOf(headers),
    );
    return {
      headers: [...withoutTrace(headers), ...traceHeaders(span)],
      end(error) {
        if (error !== undefined) {
          span.setAttribute('error.type', error);
          span.setStatus({ code: SpanStatusCode.ERROR, message: error });
        }
        span.end();
      },
    };
  }
}

function parentOf(headers: HeaderList) {
  const passed = passedTrace(headers);
  const parent = readTraceparent(passed[1] ?? '');
  if (!parent) return ROOT_CONTEXT;
  const state = header(passed, TRACESTATE);
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: parent.flags,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  });
}

function withoutTrace(headers: HeaderList): HeaderList {
  const kept: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!isTraceHeader(name)) kept.push(name, headers[i + 1] as string);
  }
  return kept;
}

function traceHeaders(span: Span): HeaderList {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const flags = (traceFlags & 0xff).toString(16).padStart(2, '0');
  const state = traceState?.serialize();
  const parent = [TRACEPARENT, `00-${traceId}-${spanId}-${flags}`];
  return state ? [...parent, TRACESTATE, state] : parent;
}
