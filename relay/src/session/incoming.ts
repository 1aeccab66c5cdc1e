import { ProtocolError } from '../errors.js';
import { redactUrl } from '../handshake.js';
import { commands } from '../inbound/commands.js';
import { isRefresh } from '../inbound/refresh.js';
import { FrameDecoder } from '../stomp/decoder.js';
import { type Frame, header, type StompVersion } from '../stomp/frame.js';
import { Intake } from './intake.js';
import { Rates } from './rates.js';
import type { Session } from './session.js';

/** The way of a client's bytes: decoded, slowed down when there are too many, and handled frame by frame in order. */
export class Incoming {
  readonly intake: Intake;
  readonly rates: Rates;
  /** Whole frames so far. */
  frames = 0;
  bytes = 0;
  private readonly decoder: FrameDecoder;

  constructor(private readonly session: Session) {
    const { limits, metrics, log } = session.services;
    const { maxFrameBytes, maxHeaders, maxHeaderBytes } = limits;
    this.intake = new Intake(session.transport, (frame) => this.handle(frame));
    this.rates = new Rates(session.services);
    this.decoder = new FrameDecoder(
      {
        onFrame: (frame) => {
          this.frames++;
          metrics.countFrame(frame.command);
          if (log.isLevelEnabled('trace')) traceFrame(session, frame);
          this.intake.receive(frame);
        },
      },
      { side: 'server', limits: { maxFrameBytes, maxHeaders, maxHeaderBytes } },
    );
  }

  /** The version that was agreed on; it decides about escapes. */
  set version(version: StompVersion) {
    this.decoder.version = version;
  }

  receive(chunk: Buffer): void {
    this.bytes += chunk.length;
    const wait = this.rates.received(chunk.length);
    if (wait > 0) this.intake.rest(wait);
    const { frames } = this;
    try {
      this.decoder.push(chunk);
    } catch (error) {
      this.session.fail(error);
    }
    if (this.session.isClosed || this.frames > frames) return;
    const more = this.rates.fragment();
    if (more > 0) this.intake.rest(more);
  }

  stop(): void {
    this.decoder.stop();
    this.intake.stop();
  }

  /** Whether something that publishes has to wait, and then comes first. A token for the relay itself never does. */
  private waits(frame: Frame): boolean {
    const { answers, services } = this.session;
    if (!(answers.subscribing || services.alarm.congested) || isRefresh(frame)) return false;
    // As with a broker of one's own: what is sent after a SUBSCRIBE reaches that subscription.
    if (answers.subscribing) answers.holdUntilSubscribed(frame);
    else this.intake.throttle(services.alarm, frame);
    return true;
  }

  private handle(frame: Frame): void {
    const { session, intake } = this;
    if (!session.takesFrames) return;
    try {
      const command = commands[frame.command];
      if (!command) throw new ProtocolError('ERR_BAD_COMMAND', `${frame.command} is no command of a client`);
      const wait = this.rates.frame(frame.command);
      if (wait > 0) {
        intake.rest(wait, frame);
        return;
      }
      if (command.opens !== session.isOpening) {
        const message = command.opens ? 'already connected' : 'send CONNECT first';
        throw new ProtocolError('ERR_UNEXPECTED_COMMAND', message);
      }
      if (command.publishes && this.waits(frame)) return;
      const pending = command.handle(session, frame);
      if (!pending) return;
      intake.hold();
      pending.then(
        () => intake.release(),
        (error: unknown) => session.fail(error, header(frame.headers, 'receipt')),
      );
    } catch (error) {
      session.fail(error, header(frame.headers, 'receipt'));
    }
  }
}

/** Neither headers, where tokens are, nor the body. */
function traceFrame({ id, services }: Session, { command, headers, body }: Frame): void {
  const destination = redactUrl(header(headers, 'destination') ?? '').slice(0, 120);
  services.log.trace({ session: id, command, destination, bytes: body.length }, 'frame');
}
