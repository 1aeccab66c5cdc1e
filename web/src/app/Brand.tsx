/** The shop's sign. */
export function Brand() {
  return (
    <span class="brand">
      <img class="brand-mark" src="./favicon.svg" alt="" width="32" height="32" />
      <span class="brand-name">Little Shop</span>
    </span>
  );
}
