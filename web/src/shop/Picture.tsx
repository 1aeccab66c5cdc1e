import type { JSX } from 'preact';
import type { Product } from '../../../demo/contract.js';

type Shape = Product['shape'];

/** Drawn here, so that nothing is loaded. `a` is the thing, `b` its shaded or second part, `c` what catches the light. */
const drawings: Readonly<Record<Shape, () => JSX.Element>> = {
  cup: () => (
    <>
      <path class="shop-pic-line" d="M66 30q-6-7 0-13t0-13M82 30q-6-7 0-13t0-13" />
      <path class="shop-pic-ring" d="M107 51h6a14 14 0 0 1 0 28h-9" />
      <path class="shop-pic-a" d="M40 40h70v34a22 22 0 0 1-22 22H62a22 22 0 0 1-22-22Z" />
      <path class="shop-pic-c" d="M49 48h8v26a12 12 0 0 0 5 10 15 15 0 0 1-13-14Z" />
      <rect class="shop-pic-b" x="32" y="101" width="86" height="7" rx="3.5" />
    </>
  ),
  lamp: () => (
    <>
      <path class="shop-pic-glow" d="M62 50h36l26 58H36Z" />
      <rect class="shop-pic-b" x="77" y="46" width="6" height="54" rx="3" />
      <path class="shop-pic-a" d="M64 14h32l16 38H48Z" />
      <path class="shop-pic-c" d="M69 19h8l-9 28h-12Z" />
      <rect class="shop-pic-b" x="58" y="99" width="44" height="9" rx="4.5" />
    </>
  ),
  chair: () => (
    <>
      <path class="shop-pic-b" d="M52 72h7l-5 38h-7ZM101 72h7l5 38h-7Z" />
      <rect class="shop-pic-b" x="58" y="50" width="6" height="20" />
      <rect class="shop-pic-b" x="96" y="50" width="6" height="20" />
      <rect class="shop-pic-a" x="50" y="12" width="60" height="44" rx="14" />
      <rect class="shop-pic-c" x="58" y="20" width="9" height="28" rx="4.5" />
      <rect class="shop-pic-a" x="44" y="66" width="72" height="15" rx="7.5" />
    </>
  ),
  plant: () => (
    <>
      <path class="shop-pic-a" d="M80 74C52 72 40 52 40 30c24 2 40 18 40 44Z" />
      <path class="shop-pic-a2" d="M80 74c0-30 14-48 38-54 4 28-10 50-38 54Z" />
      <path class="shop-pic-a" d="M80 74c-12-20-12-44 0-62 12 18 12 42 0 62Z" />
      <path class="shop-pic-line" d="M80 74V30M80 74 54 44M80 74l26-38" />
      <path class="shop-pic-b" d="M56 74h48l-6 34H62Z" />
      <rect class="shop-pic-b2" x="52" y="70" width="56" height="10" rx="4" />
    </>
  ),
  book: () => (
    <>
      <rect class="shop-pic-b" x="34" y="84" width="92" height="20" rx="4" />
      <rect class="shop-pic-c" x="44" y="89" width="82" height="10" />
      <rect class="shop-pic-a" x="42" y="62" width="80" height="22" rx="4" />
      <rect class="shop-pic-c" x="42" y="67" width="70" height="12" />
      <path class="shop-pic-b2" d="m50 52 62-26 8 18-62 26Z" />
      <path class="shop-pic-c" d="m56 54 54-23 4 9-54 23Z" />
    </>
  ),
  clock: () => (
    <>
      <path class="shop-pic-b" d="m56 98-8 12M104 98l8 12" />
      <path class="shop-pic-ring" d="m58 96-8 12M102 96l8 12" />
      <circle class="shop-pic-a" cx="80" cy="60" r="46" />
      <circle class="shop-pic-c" cx="80" cy="60" r="36" />
      <path class="shop-pic-hand" d="M80 36v24l16 10" />
      <path class="shop-pic-tick" d="M80 27v5m0 56v5M47 60h5m56 0h5" />
      <circle class="shop-pic-b" cx="80" cy="60" r="4" />
    </>
  ),
};

export interface PictureProps {
  readonly shape: Shape;
  readonly size?: 'card' | 'small';
}

/** A product, drawn. Decoration: its name stands beside it. */
export function Picture({ shape, size = 'card' }: PictureProps) {
  // A service may be newer than the page.
  const known: Shape = shape in drawings ? shape : 'cup';
  return (
    <span class={`shop-picture shop-picture-${size} shop-picture-${known}`} aria-hidden="true">
      <svg viewBox="0 0 160 120" aria-hidden="true">
        {drawings[known]()}
      </svg>
    </span>
  );
}
