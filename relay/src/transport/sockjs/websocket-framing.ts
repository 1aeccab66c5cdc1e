import { FIN_TEXT, type Framing, websocketFrame } from '../websocket.js';
import { arrayMessage, closeMessage, OPEN_MESSAGE, readMessage, textOf } from './framing.js';

/**
 * SockJS over a WebSocket. It is the relay's own: the `sockjs` package knows no back-pressure there, and no ping that the
 * relay could wait for. The WebSocket's pings and pongs go on as they do with plain STOMP, and prove as much.
 */
export const SOCKJS_FRAMING: Framing = {
  kind: 'sockjs-websocket',
  opening: textFrame(OPEN_MESSAGE),
  heartbeat: textFrame(arrayMessage(['\n'])),
  wire: (frame) => {
    frame.sockjsWire ??= textFrame(arrayMessage([textOf(frame)]));
    return frame.sockjsWire;
  },
  read: readMessage,
  closing: ({ code, reason }) => textFrame(closeMessage(code, reason)),
};

function textFrame(text: string): Buffer {
  return websocketFrame(FIN_TEXT, Buffer.from(text));
}
