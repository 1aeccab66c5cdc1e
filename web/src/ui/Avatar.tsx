export interface AvatarProps {
  readonly name: string;
  readonly size?: 's' | 'm' | 'l';
}

const TONES = 6;

/** The first letter of a name, on one of a few colours, always the same one. Decoration: put the name beside it. */
export function Avatar({ name, size = 'm' }: AvatarProps) {
  return (
    <span class={`avatar avatar-${size} avatar-${toneOf(name)}`} aria-hidden="true">
      {Array.from(name.trim())[0]?.toUpperCase() ?? '?'}
    </span>
  );
}

export function toneOf(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % TONES;
}
