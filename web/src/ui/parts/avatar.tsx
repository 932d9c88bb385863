/** Initials in a circle, where there is no picture. */
import { Icon } from '../icons';

/** First letters of the first and the last word, by grapheme where the browser can tell. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return picked
    .map((word) => firstLetter(word ?? ''))
    .join('')
    .toLocaleUpperCase();
}

function firstLetter(word: string): string {
  if (typeof Intl.Segmenter !== 'function') return [...word][0] ?? '';
  for (const part of new Intl.Segmenter().segment(word)) return part.segment;
  return '';
}

/** The same name has the same tint everywhere. */
function tint(name: string): number {
  let sum = 0;
  for (const ch of name) sum = (sum * 31 + (ch.codePointAt(0) ?? 0)) % 9973;
  return sum % 6;
}

export function Avatar({ name, small = false }: { name: string; small?: boolean }) {
  return (
    <span class={small ? 'avatar avatar-small' : 'avatar'} data-tint={tint(name)} aria-hidden="true">
      {name.trim() === '' ? <Icon name="person" size={40} /> : <span>{initials(name)}</span>}
    </span>
  );
}
