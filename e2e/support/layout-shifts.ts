import type { BrowserContext, Page } from 'playwright/test';

declare global {
  interface Window {
    layoutShifts?: string[];
  }
  interface LayoutShift extends PerformanceEntry {
    readonly value: number;
    readonly hadRecentInput: boolean;
    readonly sources: readonly { readonly node: Node | null }[];
  }
}

/** Writes down from now on what moves in the context's pages without anybody having touched them. */
export function recordLayoutShifts(context: BrowserContext): Promise<unknown> {
  return context.addInitScript(() => {
    const shifts: string[] = [];
    window.layoutShifts = shifts;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as LayoutShift[]) {
        // Less than a thousandth nobody sees: a counter that gets a second digit.
        if (entry.hadRecentInput || entry.value < 0.001) continue;
        const moved = entry.sources.map(({ node }) =>
          node instanceof Element ? node.outerHTML.slice(0, 120) : (node?.nodeName ?? 'something gone'),
        );
        shifts.push(`${entry.value.toFixed(4)}: ${moved.join(' | ')}`);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}

/** Forgets what has moved so far, once half a second has passed since anybody touched the page: before, the browser excuses it. */
export async function beginLayoutShifts(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        setTimeout(() => {
          if (window.layoutShifts) window.layoutShifts.length = 0;
          resolve();
        }, 600);
      }),
  );
}

/** What has moved since, after the browser has painted what there is to paint. */
export function layoutShifts(page: Page): Promise<string[]> {
  return page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        requestAnimationFrame(() =>
          requestAnimationFrame(() => setTimeout(() => resolve(window.layoutShifts ?? ['none kept']))),
        );
      }),
  );
}
