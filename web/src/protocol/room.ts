/**
 * Room ids as people type, read aloud and paste them: 20 symbols of Crockford base32, with or without hyphens and
 * spaces, or a whole link with `/r/<id>` in it.
 */

const SYMBOLS = 20;
const GROUP = 5;

/** The canonical id (`xxxxx-xxxxx-xxxxx-xxxxx`), or undefined if this is no room code. */
export function parseRoomCode(input: string): string | undefined {
  const plain = input
    .replace(/[\s\-‐-―]/g, '')
    .toLowerCase()
    .replace(/o/g, '0')
    .replace(/[il]/g, '1');
  if (plain.length !== SYMBOLS || !/^[0-9a-hjkmnp-tv-z]*$/.test(plain)) return undefined;
  return (plain.match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-');
}

/** The room in a path such as `/r/abcde-…`; a trailing slash is forgiven. */
export function roomOfPath(path: string): string | undefined {
  const found = /^\/r\/([^/]+)\/?$/.exec(path);
  if (!found?.[1]) return undefined;
  try {
    return parseRoomCode(decodeURIComponent(found[1]));
  } catch {
    return undefined; // a broken %-escape is no room code
  }
}

/** What somebody pasted into the field on the home page: a link, a path or a bare code. */
export function parseRoomInput(input: string): string | undefined {
  const inLink = /\/r\/([^/?#\s]+)/.exec(input);
  return inLink ? roomOfPath(`/r/${inLink[1]}`) : parseRoomCode(input);
}

// Controls, unpaired surrogates, private use, unassigned, and line and paragraph separators; then bidi controls.
const REFUSED = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const MAX_NAME_BYTES = 160;

export type NameFault = 'empty' | 'long' | 'characters';

/** What is wrong with a display name, by the same rule as the server's; undefined if nothing is. */
export function nameFault(name: string, maxChars = 40): NameFault | undefined {
  const trimmed = name.trim();
  if (trimmed === '') return 'empty';
  if (REFUSED.test(trimmed)) return 'characters';
  if ([...trimmed].length > maxChars || utf8Bytes(trimmed) > MAX_NAME_BYTES) return 'long';
  return undefined;
}

export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const symbol of text) {
    const code = symbol.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
