import { sockjs } from 'stomp-relay/client/shared-worker';

sockjs(() => import('sockjs-client'));
