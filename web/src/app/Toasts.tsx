import { Icon, IconButton } from '../ui/index.js';
import { announcement } from './announce.js';
import { dismiss, slots, type Toast } from './toasts.js';
import './toasts.css';

export function Toasts() {
  return (
    <>
      <section class="toasts" aria-label="Messages in passing">
        {slots.value.map((toast, index) => (
          <div class="toast-slot" key={index}>
            {toast !== undefined && <ToastView key={toast.id} toast={toast} />}
          </div>
        ))}
      </section>
      <div class="visually-hidden" role="status" aria-live="polite" data-testid="live-region">
        {announcement.value}
      </div>
    </>
  );
}

function ToastView({ toast }: { readonly toast: Toast }) {
  const { id, title, text, icon, tone = 'neutral', href } = toast;
  return (
    <div class={`toast toast-${tone}`} data-testid="toast">
      {icon !== undefined && (
        <span class="toast-icon">
          <Icon name={icon} />
        </span>
      )}
      <div class="toast-body">
        {href === undefined ? (
          <p class="toast-title">{title}</p>
        ) : (
          <p class="toast-title">
            <a class="toast-link" href={href} onClick={() => dismiss(id)}>
              {title}
            </a>
          </p>
        )}
        {text !== undefined && <p class="toast-text">{text}</p>}
      </div>
      <IconButton icon="close" label="Dismiss" onClick={() => dismiss(id)} />
    </div>
  );
}
