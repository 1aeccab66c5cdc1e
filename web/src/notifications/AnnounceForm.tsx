import { useSignal } from '@preact/signals';
import { toast } from '../app/index.js';
import { explain } from '../session/index.js';
import { Button, Card, TextField } from '../ui/index.js';
import { announceToAll } from './store.js';
import { count } from './words.js';

interface Problem {
  readonly title?: string;
  readonly text?: string;
}

function missing(title: string, text: string): Problem {
  return {
    ...(title === '' ? { title: 'Give it a title.' } : {}),
    ...(text === '' ? { text: 'Say what there is to know.' } : {}),
  };
}

/** Says something to everybody. In a real shop only some people could; in the demo everybody may try. */
export function AnnounceForm() {
  const title = useSignal('');
  const text = useSignal('');
  const busy = useSignal(false);
  const problem = useSignal<Problem>({});

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    problem.value = missing(title.value.trim(), text.value.trim());
    if (problem.value.title !== undefined || problem.value.text !== undefined) return;
    busy.value = true;
    try {
      const reached = await announceToAll(title.value.trim(), text.value.trim());
      title.value = '';
      text.value = '';
      toast({
        title: 'Announced',
        text: `It goes to ${count(reached, 'person', 'people')}.`,
        icon: 'megaphone',
        tone: 'good',
      });
    } catch (error) {
      problem.value = { text: explain(error) };
    } finally {
      busy.value = false;
    }
  };

  return (
    <Card title="Announce to everyone">
      <form class="stack" onSubmit={submit} data-testid="announce-form">
        <TextField
          label="Title"
          value={title.value}
          onText={(value) => {
            title.value = value;
            problem.value = {};
          }}
          error={problem.value.title}
          maxLength={120}
          autocomplete="off"
          data-testid="announce-title"
        />
        <TextField
          label="Text"
          multiline
          rows={2}
          value={text.value}
          onText={(value) => {
            text.value = value;
            problem.value = {};
          }}
          error={problem.value.text}
          maxLength={500}
          data-testid="announce-text"
        />
        <Button type="submit" icon="megaphone" busy={busy.value} data-testid="announce">
          Announce
        </Button>
      </form>
    </Card>
  );
}
