import { Badge, Icon } from '../ui/index.js';
import type { Area } from './area.js';
import { areas } from './areas.js';
import { href } from './route.js';

/** At the side on a desktop, at the bottom on a phone. */
export function Nav({ current }: { readonly current: Area }) {
  return (
    <nav class="nav" aria-label="Pages">
      <ul>
        {areas.map((area) => (
          <li key={area.id}>
            <NavLink area={area} current={area === current} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function NavLink({ area, current }: { readonly area: Area; readonly current: boolean }) {
  const { id, label, icon, badge } = area;
  return (
    <a class="nav-link" href={href(id)} aria-current={current ? 'page' : undefined} data-testid={`nav-${id}`}>
      <Icon name={icon} />
      <span class="nav-label">{label}</span>
      <Badge count={badge?.value ?? 0} label="unread" data-testid={`nav-${id}-badge`} />
    </a>
  );
}
