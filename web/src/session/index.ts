export { ask, explain, sendSignal } from './ask.js';
export { type Heard, type ListenOptions, listenTo } from './listen.js';
export { NoAnswer, Refused } from './messages.js';
export { keepLoaded, type Remote } from './remote.js';
export {
  afterEachConnect,
  client,
  connected,
  connection,
  me,
  type Session,
  session,
  signOut,
  whileSignedIn,
} from './session.js';
export { comeBack, leaveNetwork, offline, relayFetch, shortenToken } from './trouble.js';
