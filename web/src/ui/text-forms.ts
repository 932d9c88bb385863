/** The texts that forms have in common, and what went wrong in words. */
import type { ApiFault } from '../state/types';

export const formText = {
  showPassword: 'Show password',
  hidePassword: 'Hide password',
  show: 'Show',
  hide: 'Hide',
  optional: 'optional',
  tryAgain: 'Try again',
  loading: 'Loading…',
  missing: 'Please fill this in.',
} as const;

/** "3 minutes": when it is worth another try. */
function wait(seconds: number): string {
  if (seconds < 60) return seconds <= 1 ? 'a second' : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return minutes === 1 ? 'a minute' : `${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  return hours === 1 ? 'an hour' : `${hours} hours`;
}

/** 409 and not 429: of passkeys, tokens, rooms. */
const TOO_MANY_THINGS = 'You have as many as there may be. Remove one first.';

const again = ({ retryAfterS }: ApiFault): string =>
  retryAfterS === undefined ? 'in a little while' : `in ${wait(retryAfterS)}`;

const general: Readonly<Record<string, string | ((fault: ApiFault) => string)>> = {
  network: 'The server cannot be reached. Check your connection and try again.',
  timeout: 'The server did not answer in time. Please try again.',
  too_many: (fault) =>
    fault.status === 409 ? TOO_MANY_THINGS : `That was too often. Please try again ${again(fault)}.`,
  exists: 'There is such an account already.',
  last_admin: 'Nobody would be left who may administer the service.',
  wrong_state: 'This is so already. Load the page again to see it.',
  bad_answer: 'The server’s answer was not understood. Please load the page again.',
  unavailable: (fault) => `The server cannot do this just now. Please try again ${again(fault)}.`,
  forbidden: 'You may not do this.',
  not_signed_in: 'You are no longer signed in. Please sign in again.',
  bad_origin: 'This page was not opened at the service’s own address. Open it there and try again.',
  bad_password: 'That is not your password.',
  invalid: 'Something in the form is not right.',
};

/** @words for codes that mean something particular in this form. */
export function faultText(fault: ApiFault, words: Readonly<Record<string, string>> = {}): string {
  const own = Object.hasOwn(words, fault.code) ? words[fault.code] : undefined;
  if (own !== undefined) return own;
  const known = Object.hasOwn(general, fault.code) ? general[fault.code] : undefined;
  if (known !== undefined) return typeof known === 'string' ? known : known(fault);
  return fault.detail ?? 'That did not work. Please try again.';
}
