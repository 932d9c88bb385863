/** The mark: two speech shapes that lean into each other. And the name beside it. */
import { text } from './text';

export function Mark({ size = 36 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 40 40" aria-hidden="true" focusable="false">
      <path
        class="mark-back"
        d="M24 7h3a11 11 0 0 1 11 11v13.5a1.5 1.5 0 0 1-2.6 1L32 29h-8a11 11 0 0 1 0-22z"
      />
      <path
        class="mark-front"
        d="M13 5h4a11 11 0 0 1 0 22H8l-3.4 3.5A1.5 1.5 0 0 1 2 29.5V16A11 11 0 0 1 13 5z"
      />
    </svg>
  );
}

export function Brand() {
  return (
    <span class="brand">
      <Mark />
      <span class="brand-name">{text.app}</span>
    </span>
  );
}
