/** The element with this id. Throws when the page lacks it or it is of another class. */
export function byId<T extends Element>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} #${id}.`);
  return element;
}

/** What `create` can set. Text is set as text, never parsed as HTML: it may come from another user. */
interface Parts {
  class?: string;
  text?: string;
  testId?: string;
  children?: Element[];
}

/** A new element. */
export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  parts: Parts = {},
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (parts.class !== undefined) element.className = parts.class;
  if (parts.text !== undefined) element.textContent = parts.text;
  if (parts.testId !== undefined) element.dataset.testid = parts.testId;
  if (parts.children !== undefined) element.append(...parts.children);
  return element;
}
