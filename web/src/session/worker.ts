/** The script of the SharedWorker: it holds the socket for all tabs. */
import { sockjs } from 'stomp-relay/client/shared-worker';

sockjs(() => import('sockjs-client'));
