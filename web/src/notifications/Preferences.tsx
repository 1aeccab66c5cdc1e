import { kinds } from '../../../demo/contract.js';
import { href } from '../app/index.js';
import { Card, Icon, IconButton, Switch } from '../ui/index.js';
import { centre, follow, setWanted } from './store.js';
import { nameOf, words } from './words.js';

/** Which kinds one wants. What is muted is neither pushed nor kept: whoever sends it need not know. */
export function Preferences() {
  const { muted } = centre.value;
  return (
    <Card title="What you want" data-testid="settings">
      <div class="preferences">
        {kinds.map((kind) => (
          <Switch
            key={kind}
            label={words[kind].many}
            hint={words[kind].about}
            checked={!muted.includes(kind)}
            onChange={(wanted) => void setWanted(kind, wanted)}
            data-testid={`want-${kind}`}
          />
        ))}
      </div>
    </Card>
  );
}

export function Following() {
  const { following } = centre.value;
  return (
    <Card title="What you follow" data-testid="following">
      {following.length === 0 ? (
        <p class="muted small">
          Nothing yet. The bell at a product in the shop follows it; your own orders are followed for you.
        </p>
      ) : (
        <ul class="following">
          {following.map((thing) => (
            <li
              key={`${thing.type} ${thing.id}`}
              data-testid="followed"
              data-type={thing.type}
              data-id={thing.id}
            >
              <Icon name={thing.type === 'order' ? 'box' : 'tag'} size="s" />
              <a href={href('shop', { [thing.type]: thing.id })}>{nameOf(thing)}</a>
              <IconButton
                icon="close"
                label={`Stop following ${nameOf(thing)}`}
                data-testid="unfollow"
                onClick={() => void follow(thing.type, thing.id, false)}
              />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
