import { Connection, type ConnectionState } from './connection.js';
import { INBOX } from './destination.js';
import { byId } from './dom.js';
import { ErrorView } from './error-view.js';
import { MessageView } from './message-view.js';
import { Outbox } from './outbox.js';
import { SendForm } from './send-form.js';
import { SignIn } from './sign-in.js';
import { StateView } from './state-view.js';
import { Subscriptions } from './subscriptions.js';

const stateView = new StateView();
const errors = new ErrorView();
const messages = new MessageView();

const connection = new Connection({
  state: showState,
  connected: () => {
    errors.clear();
    subscriptions.resume();
  },
  lost: () => {
    outbox.lost();
    subscriptions.pause();
  },
  complaint: ({ message, detail, receipt }) => {
    let about = '';
    if (receipt !== undefined) {
      const destination = subscriptions.refuse(receipt);
      if (destination !== undefined) about = `The subscription to ${destination} was refused and removed. `;
      else if (outbox.refuse(receipt)) about = 'Your message was refused. ';
    }
    errors.show(message, `${about}${detail}`.trim());
  },
  demoOff: () => signIn.demoOff(),
});

const subscriptions = new Subscriptions(connection, (message) => messages.add(message));
const outbox = new Outbox(connection);
const sendForm = new SendForm((destination, text) => outbox.send(destination, text));
const signIn = new SignIn(() => {
  if (connection.active) {
    connection.disconnect();
    return;
  }
  errors.clear();
  connection.connect(signIn.tokens());
});

const destination = byId('destination', HTMLInputElement);
byId('subscribe', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  subscriptions.add(destination.value.trim());
  destination.value = '';
});

subscriptions.add(INBOX);
subscriptions.add('/topic/public.chat');

function showState(state: ConnectionState): void {
  stateView.show(state);
  signIn.show(state);
  sendForm.enable(state.kind === 'connected');
}
