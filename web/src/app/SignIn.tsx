import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { explain } from '../session/index.js';
import { refusal, signIn, signInWithToken } from '../session/session.js';
import { DemoOff } from '../session/tokens.js';
import { Avatar, Button, Card, Icon, TextField } from '../ui/index.js';
import { Brand } from './Brand.js';
import { ThemeSwitch } from './ThemeSwitch.js';
import './sign-in.css';

const people = [
  { user: 'alice', about: 'has an order on its way' },
  { user: 'bob', about: 'likes to chat' },
  { user: 'carol', about: 'waits for a good price' },
  { user: 'dave', about: 'is often away' },
] as const;

export function SignIn() {
  const busy = useSignal<string | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const { value: refused } = refusal;
  useEffect(() => {
    if (refused !== undefined && !(refused instanceof DemoOff)) problem.value = explain(refused);
  }, [refused, problem]);

  const enter = async (user: string) => {
    if (busy.value !== undefined) return;
    busy.value = user;
    problem.value = undefined;
    try {
      await signIn(user);
    } catch (error) {
      if (error instanceof DemoOff) refusal.value = error;
      else problem.value = explain(error);
      busy.value = undefined;
    }
  };

  return (
    <div class="welcome">
      <header class="welcome-top">
        <Brand />
        <ThemeSwitch />
      </header>
      <main class="welcome-main" data-testid="sign-in">
        <h1>Who is here?</h1>
        <p class="page-lead">
          A little shop where everything is pushed. Open a second tab as somebody else and watch them talk.
        </p>
        {refused instanceof DemoOff ? (
          <TokenForm />
        ) : (
          <DemoPeople busy={busy.value} problem={problem.value} enter={enter} />
        )}
      </main>
      <footer class="welcome-foot">Each tab is a person of its own. Close one, and its mail waits.</footer>
    </div>
  );
}

interface DemoPeopleProps {
  readonly busy: string | undefined;
  readonly problem: string | undefined;
  readonly enter: (user: string) => Promise<void>;
}

function DemoPeople({ busy, problem, enter }: DemoPeopleProps) {
  const name = useSignal('');
  return (
    <>
      <ul class="people">
        {people.map(({ user, about }) => (
          <li key={user}>
            <button
              type="button"
              class="person"
              aria-busy={busy === user}
              data-testid={`person-${user}`}
              onClick={() => void enter(user)}
            >
              <Avatar name={user} size="l" />
              <span class="person-text">
                <span class="person-name">{user}</span>
                <span class="person-about">{about}</span>
              </span>
              <Icon name="chevron" />
            </button>
          </li>
        ))}
      </ul>
      <form
        class="other-name"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.value.trim() !== '') void enter(name.value.trim());
        }}
      >
        <TextField
          label="Or any other name"
          value={name.value}
          onText={(text) => {
            name.value = text;
          }}
          error={problem}
          maxLength={100}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          data-testid="other-name"
        />
        <Button type="submit" variant="primary" busy={busy !== undefined} data-testid="enter">
          Enter
        </Button>
      </form>
    </>
  );
}

/** The relay is not in demo mode: nobody gets a token here. */
function TokenForm() {
  const token = useSignal('');
  return (
    <Card title="This relay checks real tokens" data-testid="demo-off">
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.value.trim() !== '') signInWithToken(token.value);
        }}
      >
        <p>
          It is not in demo mode, so it lets nobody be just anybody. Paste a token (JWT) of your identity
          provider to sign in with.
        </p>
        <TextField
          label="Token"
          multiline
          rows={4}
          hint="It stays in this tab's memory and goes to the relay only."
          value={token.value}
          onText={(text) => {
            token.value = text;
          }}
          required
          autocomplete="off"
          spellcheck={false}
          data-testid="token"
        />
        <div class="row">
          <Button type="submit" variant="primary" data-testid="use-token">
            Sign in
          </Button>
          <Button
            variant="quiet"
            onClick={() => {
              refusal.value = undefined;
            }}
          >
            Back
          </Button>
        </div>
      </form>
    </Card>
  );
}
