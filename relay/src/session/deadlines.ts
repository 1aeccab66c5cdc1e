import { ProtocolError, RelayError } from '../errors.js';
import type { Session } from './session.js';

/** So near, the end of a token is waited for by a timer: the sweep comes a few times a second only. */
const NEAR_MS = 1000;

/** What ends one session by the clock, whatever else it does. */
export class Deadlines {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly session: Session) {}

  /** Called a few times a second. What is wrong when the time for something is over. */
  check(now: number): RelayError | undefined {
    return this.opening(now) ?? this.token(now) ?? this.acknowledging(now);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private opening(now: number): RelayError | undefined {
    const { session } = this;
    if (!session.isOpening) return undefined;
    const { firstFrameTimeout, connectTimeout } = session.services.limits;
    const age = now - session.openedAt;
    // A frame that drips in byte by byte is none until it is whole, and neither are heart-beats.
    if (!session.heardFrame && age > firstFrameTimeout) {
      return new ProtocolError('ERR_FIRST_FRAME_TIMEOUT', 'no frame in time: send CONNECT', 'connectTimeout');
    }
    if (age <= connectTimeout) return undefined;
    return new ProtocolError('ERR_CONNECT_TIMEOUT', 'no CONNECT frame in time', 'connectTimeout');
  }

  private token(now: number): RelayError | undefined {
    const { expiresAt } = this.session.identity ?? {};
    if (expiresAt === undefined) return undefined;
    const left = expiresAt - now;
    if (left <= 0) return new RelayError('ERR_TOKEN_EXPIRED', 'the token has expired', 'tokenExpired');
    // Not one long timer: it would not notice when the clock is set, and the token may be replaced before.
    if (left < NEAR_MS) {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.session.tick(Date.now());
      }, left);
    }
    return undefined;
  }

  private acknowledging(now: number): RelayError | undefined {
    const { session } = this;
    // What it has acknowledged may be among what we do not read.
    if (session.intake.paused) session.existingAcknowledgements?.excuse(now);
    const stalled = session.existingAcknowledgements?.stalled(now) ?? 0;
    if (stalled <= session.services.limits.ackTimeout) return undefined;
    return new RelayError('ERR_ACK_TIMEOUT', 'no message was acknowledged in time', 'slowConsumer');
  }
}
