const paths = {
  bag: 'M6 8h12l1 12H5L6 8Zm3 0V6a3 3 0 0 1 6 0v2',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15L6 16Zm4 5h4',
  bellOff: 'M6 16V11c0-.7.1-1.3.3-1.9M9 5.8A6 6 0 0 1 18 11v3M4.5 18H16M10 21h4M4 4l16 16',
  chat: 'M5 5h14a1.5 1.5 0 0 1 1.5 1.5v9A1.5 1.5 0 0 1 19 17h-7l-4.5 3.5V17H5a1.5 1.5 0 0 1-1.5-1.5v-9A1.5 1.5 0 0 1 5 5Z',
  wire: 'M3 12h4l2.5-7 5 14 2.5-7h4',
  megaphone: 'M4 10v4h3l8 4V6l-8 4H4Zm14-.5a3.5 3.5 0 0 1 0 5M8 14.5 9 20h2.5',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-14v5l3.5 2',
  mail: 'M4 6h16v12H4V6Zm0 1 8 6 8-6',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  checkAll: 'm2 12.5 4.5 4.5L14 9m-3.5 6.5 1.5 1.5L21 7.5',
  close: 'M6 6l12 12M18 6 6 18',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm0-13v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4m0-12.8L17 7M7 17l-1.4 1.4',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z',
  auto: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-18v18m0-15h4.5M12 9h7m-7 3h8m-8 3h7m-7 3h4.5',
  leave: 'M14 5H6v14h8M10 12h10m-3.5-3.5L20 12l-3.5 3.5',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8a7.5 7.5 0 0 1 15 0',
  users:
    'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.2a6.5 6.5 0 0 1 3.5 5.8',
  hash: 'M9.5 4 7.5 20m9-16-2 16M4.5 9h16m-17 6h16',
  key: 'M8 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Zm4.5-4.5H21v3.5M17 12v2.5',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  send: 'M4 12 20 4l-5 16-3.5-6.5L4 12Zm7.5 1.5L20 4',
  pay: 'M3.5 6h17v12h-17V6Zm0 4h17M7 14.5h3',
  box: 'M12 3.5 4 7.5v9l8 4 8-4v-9l-8-4Zm-8 4 8 4 8-4m-8 4v9',
  truck:
    'M3 6h11v10H3V6Zm11 4h4l3 3v3h-7m-7 0a2 2 0 1 0 0 4 2 2 0 0 0 0-4Zm10 0a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z',
  tag: 'M4 4h8l8.5 8.5-8 8L4 12V4Zm4 4h.01',
  retry: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.5M20 4v5.5h-5.5',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5v14l11-7L7 5Z',
  trash: 'M5 7h14M10 4h4M7 7l1 13h8l1-13M10.5 11v5m3-5v5',
  cut: 'M6 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Zm0 11a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Zm2-12 12 10M8 16 20 6',
  link: 'M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7L12 7m2 3a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7L12 17',
  offline:
    'M4 4l16 16M8.5 15.5a5 5 0 0 1 7 0M5 12a10 10 0 0 1 4-2.4m4-.6a10 10 0 0 1 6 3M2 8.5A15 15 0 0 1 6 6m4-1.3A15 15 0 0 1 22 8.5M12 19h.01',
  arrowUp: 'M12 19V5m-6 6 6-6 6 6',
  arrowDown: 'M12 5v14m-6-6 6 6 6-6',
  arrowLeft: 'M19 12H5m6-6-6 6 6 6',
  arrowRight: 'M5 12h14m-6-6 6 6-6 6',
  chevron: 'm9 6 6 6-6 6',
  warning: 'M12 4 2.5 20h19L12 4Zm0 6v4.5m0 2.5h.01',
  settings:
    'M4 7h9m4 0h3M4 17h3m4 0h9M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Zm-6 10a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
  inbox: 'M4 13 7 5h10l3 8v6H4v-6Zm0 0h5l1 2.5h4l1-2.5h5',
} as const;

export type IconName = keyof typeof paths;

export interface IconProps {
  readonly name: IconName;
  readonly size?: 's' | 'm' | 'l';
  /** Left out for an icon beside its text: screen readers then skip it. */
  readonly label?: string;
}

export function Icon({ name, size = 'm', label }: IconProps) {
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: it has a label, or is hidden, by its props
    <svg
      class={`icon icon-${size}`}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      {...(label === undefined ? { 'aria-hidden': 'true' } : { role: 'img', 'aria-label': label })}
    >
      <path d={paths[name]} />
    </svg>
  );
}
