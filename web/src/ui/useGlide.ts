import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * Has the children of a list glide to their new places when something is put between them. They are moved by a transform from where
 * they were, so that nothing jumps, and the browser counts no layout shift.
 * @param ids of the children in their order; each child has its own in `data-glide`
 */
export function useGlide(list: RefObject<HTMLElement | null>, ids: string): void {
  const before = useRef<ReadonlyMap<string, number>>(new Map());
  useLayoutEffect(() => {
    const places = new Map<string, number>();
    for (const child of list.current?.children ?? []) {
      if (!(child instanceof HTMLElement) || child.dataset.glide === undefined) continue;
      places.set(child.dataset.glide, child.offsetTop);
      const was = before.current.get(child.dataset.glide);
      if (was !== undefined && was !== child.offsetTop) glide(child, was - child.offsetTop);
    }
    before.current = places;
  }, [list, ids]);
}

const gliding = new WeakMap<HTMLElement, Animation>();

function glide(element: HTMLElement, by: number): void {
  // One that is still on its way goes on from where it is seen.
  const from = by + new DOMMatrix(getComputedStyle(element).transform).m42;
  gliding.get(element)?.cancel();
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const frames = [{ transform: `translateY(${from}px)` }, { transform: 'none' }];
  const animation = element.animate(frames, { duration: still ? 1 : 320, easing: 'ease-out' });
  gliding.set(element, animation);
  // On a busy machine the first picture can be late: it must show the beginning all the same. Two may have begun by then.
  animation.pause();
  requestAnimationFrame(() =>
    requestAnimationFrame(() => gliding.get(element) === animation && animation.play()),
  );
}
